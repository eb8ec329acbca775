"""What a record says of what its job ran with."""

import re
import subprocess

from reprise.pipeline import environment


def test_only_a_repository_that_the_package_belongs_to_names_its_commit(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=b"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    module = tmp_path / "packages" / "reprise" / "environment.py"
    module.parent.mkdir(parents=True)
    module.touch()
    monkeypatch.setattr(environment, "__file__", str(module))
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "of a user")
    assert environment._commit() is None
    git("add", "packages")
    git("commit", "-q", "-m", "with the package")
    assert re.fullmatch("[0-9a-f]{40}", environment._commit())
