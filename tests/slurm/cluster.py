"""A Slurm cluster for the time of a test: munged, slurmctld and three slurmd on loopback, all below one folder.

Nothing of the machine's own Slurm, if it has one, is read or written. Every daemon is a child of this process, and ends
with it even when it is killed.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil

NODES = ("n1", "n2", "n3")
# Booked, not owned: the machine may have fewer cores and less memory. Tests bound the number of jobs.
CPUS, MEMORY = 8, 32000
SLURMD_TIMEOUT = 9  # seconds without an answer after which a node is down and its jobs start elsewhere
# Sent when the process that started a daemon ends, however it ends.
_WITH_ME = ["setpriv", "--pdeathsig", "TERM"]
# Daemons bind to the address of their host name, which has to be the one of loopback.
_AS_LOCALHOST = ["unshare", "--uts", "sh", "-c", 'hostname localhost; exec "$@"', "sh"]

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket,cred_expire=10
MailProg=/bin/true
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=300
SlurmctldTimeout=30
SlurmdTimeout={slurmd_timeout}
KillWait=2
UnkillableStepTimeout=300
TCPTimeout=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/%n
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
GresTypes=gpu
PartitionName=main Nodes=ALL Default=YES MaxTime=7-0 DefMemPerCPU=500
"""


class Cluster:
    """The daemons below ``folder``, a short path (of sockets) that all may search."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.configuration = folder / "slurm.conf"
        self._daemons: dict[str, subprocess.Popen] = {}
        self._prefix = _WITH_ME if _loopback_by_name() else _WITH_ME + _AS_LOCALHOST

    def __enter__(self) -> "Cluster":
        try:
            self._write_files()
            self._start_munge()
            self.start_controller()
            for node in NODES:
                self.start_node(node)
            self.wait_for_nodes()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._alive("slurmctld"):
            with contextlib.suppress(TimeoutError):
                self.cancel_jobs()
        for name in sorted(self._daemons, key=["slurmctld", "munged"].__contains__):
            self._stop(name)
        for step in self._steps(*NODES):
            _kill_tree(step)

    def environment(self) -> dict[str, str]:
        """The variables with which Slurm's commands talk to this cluster."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "SLURM_CONF": str(self.configuration), "PATH": path}

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints; nothing while the controller does not answer."""
        result = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        return result.stdout

    def jobs(self, *states: str) -> dict[str, tuple[str, str]]:
        """Comment (which names the rule) and node of the jobs that are in one of ``states``, by their numbers."""
        lines = self.ask("squeue", "-h", "-t", ",".join(states), "-o", "%i|%k|%N").splitlines()
        return {number: (comment, node) for number, comment, node in (line.split("|") for line in lines)}

    def cancel_jobs(self) -> None:
        self.ask("scancel", "--user=root")
        self.wait_for(lambda: not self.ask("squeue", "-h", "-t", "PD,R,CG"), "the end of its jobs")

    def mend(self) -> None:
        """Start what was killed, and end all jobs."""
        if not self._alive("slurmctld"):
            self.start_controller()
        for node in NODES:
            if not self._alive(node):
                self.start_node(node)
        self.cancel_jobs()
        self.wait_for_nodes()

    def kill_controller(self) -> None:
        self._kill("slurmctld")

    def start_controller(self) -> None:
        self._start("slurmctld", "slurmctld", "-D", "-f", self.configuration)

    def kill_node(self, node: str) -> None:
        """End everything on a node at once, as a power failure does."""
        self.kill_daemon(node)
        for step in self._steps(node):
            _kill_tree(step)

    def kill_daemon(self, node: str) -> None:
        """End slurmd alone: the node seems to be gone, and its jobs run on."""
        self._kill(node)

    def start_node(self, node: str) -> None:
        self._start(node, "slurmd", "-D", "-f", self.configuration, "-N", node)

    def wait_for_nodes(self) -> None:
        self.wait_for(lambda: self.ask("sinfo", "-hN", "-o", "%T").split() == ["idle"] * len(NODES), "its nodes")

    @staticmethod
    def wait_for(condition, what: str, seconds: float = 300):
        """Wait until ``condition()`` is true, and return it."""
        deadline = time.monotonic() + seconds
        while not (met := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the test cluster waited {seconds} seconds for {what}")
            time.sleep(0.1)
        return met

    def _write_files(self) -> None:
        self.folder.chmod(0o755)
        for name in ("state", "spool", "log", "bin", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir()
        ports = _free_ports(1 + len(NODES))
        nodes = [
            f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} "
            f"CPUs={CPUS} RealMemory={MEMORY} Gres=gpu:2"
            for node, port in zip(NODES, ports[1:], strict=True)
        ]
        general = _CONFIGURATION.format(
            folder=self.folder, controller_port=ports[0], slurmd_timeout=SLURMD_TIMEOUT
        ).splitlines()
        self.configuration.write_text("\n".join([*general[:-1], *nodes, general[-1], ""]))
        # slurmd loads this plugin even where nothing uses it, and stops if it has to guess which.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        # Files stand in for devices: jobs are counted, and told which GPUs are theirs.
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
        # The executor takes SLURM_CONF out of the environment in which it starts a job step. A site has its
        # configuration where srun finds it by itself.
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)

    def _start_munge(self) -> None:
        key, munge_socket = self.folder / "munge.key", self.folder / "munge.socket"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        options = {"key-file": key, "socket": munge_socket, "seed-file": self.folder / "munge.seed"}
        options |= {"pid-file": self.folder / "munge.pid", "log-file": self.folder / "log" / "munge"}
        self._start("munged", "munged", "--foreground", *(f"--{name}={value}" for name, value in options.items()))
        self.wait_for(munge_socket.exists, "munge")

    def _start(self, name: str, *command) -> None:
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                [*self._prefix, *map(str, command)],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        self._daemons[name].kill()
        self._daemons[name].wait()

    def _alive(self, name: str) -> bool:
        return name in self._daemons and self._daemons[name].poll() is None

    def _stop(self, name: str) -> None:
        daemon = self._daemons[name]
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            self._kill(name)

    def _steps(self, *nodes: str) -> list[psutil.Process]:
        """The processes that watch over the jobs of nodes; they outlive a slurmd that was killed, and write its log."""
        logs = {str(self.folder / "log" / node) for node in nodes}
        return [
            process
            for process in psutil.process_iter(["name"])
            if process.info["name"] == "slurmstepd" and logs & _open_files(process)
        ]


def _open_files(process: psutil.Process) -> set[str]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return {file.path for file in process.open_files()}
    return set()


def _kill_tree(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        below = process.children(recursive=True)
        for member in [process, *below]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


def _loopback_by_name() -> bool:
    try:
        return socket.gethostbyname(socket.gethostname()) == "127.0.0.1"
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
