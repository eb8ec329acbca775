"""How a job ends: bad input and a full disk in one sentence, any other error with its traceback."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from types import SimpleNamespace as S
from reprise.pipeline.job import job
from reprise.storage.errors import DataError
class Outputs(list):
    def get(self, name): return None
snakemake = S(log=[sys.argv[1]], params=S(recipe='{"parameters": {}}'), input=[], output=Outputs(["out/a/b.h5"]))
with job(snakemake):
    try:
        %s
    except KeyError as error:
        raise RuntimeError("unable to close file") from error
"""


def end_of_job(folder, statement):
    log = folder / "log.txt"
    done = subprocess.run([sys.executable, "-c", PROGRAM % statement, str(log)], cwd=folder, timeout=600)
    return done.returncode, log.read_text()


@pytest.mark.parametrize(
    "raised",
    [
        "OSError(28, 'No space left on device', 'b.h5')",
        "OSError(122, 'Disk quota exceeded')",
        "RuntimeError('write failed, errno = 28, error message = No space left on device')",
        "KeyError('No space left on device')",
    ],
)
def test_a_full_disk_is_one_sentence_with_the_folder_and_the_space(tmp_path, raised):
    code, text = end_of_job(tmp_path, f"raise {raised}")
    assert code == 1 and "Traceback" not in text
    assert f"ERROR: {tmp_path}/out/a: the disk is full (" in text and "MB are free now). Free some space" in text


def test_bad_input_is_its_message_and_any_other_error_keeps_its_traceback(tmp_path):
    assert end_of_job(tmp_path, "raise DataError('x.h5: is damaged')") == (1, "\nERROR: x.h5: is damaged\n")
    code, text = end_of_job(tmp_path, "raise OSError(13, 'Permission denied')")
    assert code == 1 and "Traceback" in text and "disk" not in text


def test_an_extension_that_is_loaded_within_the_job_may_not_be_older_than_its_sources(tmp_path):
    old = "sys.modules['reprise.detectors._kernels'] = S(SOURCES='0', __file__='old.so')"
    code, text = end_of_job(tmp_path, old)
    assert code == 1 and text.startswith("\nERROR: old.so: was not built from the sources beside it")
