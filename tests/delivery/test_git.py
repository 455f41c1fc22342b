from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.delivery import repository
from workbench.delivery.evidence import TRAILERS, Evidence
from workbench.delivery.git import make_release, plan_release, release_branch
from workbench.delivery.repository import public_url
from workbench.errors import BadInput, ConflictError, NotFound, ReleaseError, WorkbenchError
from workbench.prompts.prompt_file import parse_prompt

EVIDENCE = Evidence(
    suite="triage",
    suite_sha256="ab" * 32,
    models=("openai/gpt-x", "ollama/qwen"),
    result="better: accuracy +0.12",
    baseline="triage@2",
    cost_usd=0.0123,
    table=("| metric | n |", "|---|---:|", "| accuracy | 250 |"),
    regressions=("case-7",),
    run_id="r1",
)


def release(repo: Path, version, **options):
    prompt, lineage = version
    plan = plan_release(repo=repo, prompt=prompt, lineage=lineage, **{"evidence": EVIDENCE, **options})
    return plan, make_release(plan)


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below ``folder``, the git folder included, with its content and time of change."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dirty(repo: Path, git) -> None:
    """Staged, unstaged, deleted, untracked and intent-to-add changes at once."""
    (repo / "code.py").write_text("print(2)\n")
    git(repo, "add", "code.py")
    (repo / "code.py").write_text("print(3)\n")
    (repo / "README.md").unlink()
    (repo / "prompts").mkdir()
    (repo / "prompts" / "triage.prompt.yml").write_text("unsaved work\n")
    (repo / "later.txt").write_text("later\n")
    git(repo, "add", "-N", "later.txt")


def test_a_release_leaves_a_dirty_working_tree_and_its_index_byte_identical(repo, git, make_version):
    dirty(repo, git)
    status = git(repo, "status", "--porcelain")
    before = snapshot(repo)
    plan, result = release(repo, make_version())
    after = snapshot(repo)
    assert {k: v for k, v in after.items() if not k.startswith(".git/")} == {
        k: v for k, v in before.items() if not k.startswith(".git/")
    }
    changed = {name for name in after if after[name] != before.get(name)}
    assert all(
        name.startswith((".git/objects/", ".git/refs/heads/prompts/", ".git/logs/")) for name in changed
    )
    assert ".git/index" not in changed
    assert git(repo, "status", "--porcelain") == status
    assert git(repo, "diff", "--name-only", "main", plan.branch) == "prompts/triage.prompt.yml\n"
    assert git(repo, "rev-parse", f"{plan.branch}^") == git(repo, "rev-parse", "main")
    assert result.created


def test_the_delivered_file_is_the_version_and_the_shown_diff_is_the_diff(repo, git, make_version):
    prompt, lineage = make_version("Ordne {{ticket}} zu – 日本語\n")
    plan, result = release(repo, (prompt, lineage))
    assert plan.branch == result.branch == f"prompts/triage/v3-{prompt.sha256[:8]}"
    text = git(repo, "show", f"{plan.branch}:prompts/triage.prompt.yml")
    assert parse_prompt(text, name="triage") == (prompt, lineage)
    assert plan.diff.strip() == git(repo, "diff", "main", plan.branch).strip()
    assert "日本語" in plan.diff


def test_git_reads_the_nine_trailers_back(repo, git, make_version):
    _, result = release(repo, make_version())
    trailers = git(repo, "log", "-1", "--format=%(trailers:only,unfold)", result.commit).split("\n")
    found = dict(line.split(": ", 1) for line in trailers if line)
    assert tuple(found) == TRAILERS
    assert found["Prompt-SHA256"] == make_version()[0].sha256
    assert found["Eval-Models"] == "openai/gpt-x, ollama/qwen"
    assert found["Eval-Cost-USD"] == "0.0123"
    assert git(repo, "log", "-1", "--format=%s", result.commit) == "Release triage v3: One label only\n"
    assert git(repo, "log", "-1", "--format=%an <%ae>", result.commit) == "Ana Ruiz <ana@example.org>\n"


def test_a_plan_alone_changes_no_byte_of_the_repository(repo, git, make_version):
    dirty(repo, git)
    before = snapshot(repo)
    prompt, lineage = make_version()
    plan = plan_release(repo=repo, prompt=prompt, lineage=lineage, evidence=EVIDENCE)
    assert snapshot(repo) == before
    assert plan.already is None and "+    content: Label {{ticket}}" in plan.diff
    assert git(repo, "for-each-ref", "refs/heads/prompts") == ""


def test_releasing_twice_makes_one_commit(repo, git, make_version):
    _, first = release(repo, make_version())
    count = git(repo, "count-objects")
    plan, second = release(repo, make_version(), evidence=Evidence())
    assert plan.already and first.commit[:12] in plan.already
    assert (second.commit, second.created) == (first.commit, False)
    assert git(repo, "count-objects") == count


def test_two_releases_at_the_same_time_make_one_branch_with_one_commit(repo, git, make_version):
    prompt, lineage = make_version()
    plans = [plan_release(repo=repo, prompt=prompt, lineage=lineage, evidence=EVIDENCE) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(make_release, plans))
    assert sum(result.created for result in results) == 1
    assert {result.commit for result in results} == {git(repo, "rev-parse", plans[0].branch).strip()}
    assert git(repo, "rev-list", "--count", f"main..{plans[0].branch}") == "1\n"


def test_a_branch_that_holds_something_else_is_never_moved(repo, git, make_version):
    prompt, lineage = make_version()
    branch = release_branch("triage", 3, prompt.sha256[:8])
    plan = plan_release(repo=repo, prompt=prompt, lineage=lineage)
    git(repo, "branch", branch)
    for attempt in (lambda: make_release(plan), lambda: release(repo, (prompt, lineage))):
        with pytest.raises(ConflictError, match="exists and holds"):
            attempt()
    assert git(repo, "rev-parse", branch) == git(repo, "rev-parse", "main")


def test_a_version_that_the_base_already_holds_is_nothing_to_release(repo, git, make_version):
    plan, _ = release(repo, make_version())
    git(repo, "merge", "-q", plan.branch)
    git(repo, "branch", "-q", "-D", plan.branch)
    again, result = release(repo, make_version())
    assert again.already.startswith("There is nothing to release: main already holds")
    assert again.diff == "" and result.branch is None and not result.created
    assert git(repo, "branch", "--list", "prompts/*") == ""


def test_the_next_version_shows_what_changed_against_the_last(repo, git, make_version):
    plan, _ = release(repo, make_version("One"))
    git(repo, "merge", "-q", plan.branch)
    later, _ = release(repo, make_version("Two", number=4))
    assert "-    content: One" in later.diff and "+    content: Two" in later.diff


def test_a_repository_without_commits_gets_a_first_commit_and_keeps_its_empty_branch(
    tmp_path, git, make_version
):
    git(tmp_path, "init", "-q", "new")
    plan, result = release(tmp_path / "new", make_version())
    assert plan.base_commit is None and "no commits yet" in plan.notes[0]
    assert git(tmp_path / "new", "rev-list", "--count", result.branch) == "1\n"
    assert git(tmp_path / "new", "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert release(tmp_path / "new", make_version())[0].already
    with pytest.raises(NotFound, match="There is no commit"):
        release(tmp_path / "new", make_version(), base="main")


def test_a_bare_repository_takes_a_release(repo, tmp_path, git, make_version):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    plan, result = release(tmp_path / "bare.git", make_version())
    assert plan.path == "prompts/triage.prompt.yml"
    assert git(tmp_path / "bare.git", "log", "--format=%s", result.branch).count("\n") == 2


def test_a_bare_repository_whose_head_names_no_branch_asks_for_a_base(repo, tmp_path, git, make_version):
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    git(tmp_path / "bare.git", "symbolic-ref", "HEAD", "refs/heads/master")
    with pytest.raises(ReleaseError, match="give a base, such as main"):
        release(tmp_path / "bare.git", make_version())
    assert release(tmp_path / "bare.git", make_version(), base="main")[1].created


def test_a_folder_inside_a_repository_gets_its_own_prompts_folder(repo, git, make_version):
    (repo / "apps" / "Bücher").mkdir(parents=True)
    plan, _ = release(repo / "apps" / "Bücher", make_version())
    assert plan.path == "apps/Bücher/prompts/triage.prompt.yml"
    assert "+++ b/apps/Bücher/prompts/triage.prompt.yml" in plan.diff


def test_a_linked_worktree_releases_from_its_own_head_and_stays_untouched(repo, tmp_path, git, make_version):
    git(repo, "worktree", "add", "-q", "-b", "feature", str(tmp_path / "linked"))
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "Feature")
    before = snapshot(tmp_path / "linked")
    plan, result = release(tmp_path / "linked", make_version())
    assert plan.base == "feature" and snapshot(tmp_path / "linked") == before
    assert git(repo, "rev-parse", f"{result.branch}^") == git(repo, "rev-parse", "feature")


def test_a_base_is_checked_before_anything_is_done(repo, git, make_version):
    git(repo, "tag", "v1")
    (repo / "code.py").write_text("later\n")
    git(repo, "commit", "-qam", "Later")
    plan, _ = release(repo, make_version(), base="v1")
    assert plan.base_commit == git(repo, "rev-parse", "v1").strip()
    for base in ("--all", "-h", "", " ", "main\n"):
        with pytest.raises(BadInput, match="cannot be a base"):
            release(repo, make_version(), base=base)
    for base in ("nowhere", "v1..main", "main:code.py", "$(touch x)"):
        with pytest.raises(NotFound, match="There is no commit"):
            release(repo, make_version(), base=base)


@pytest.mark.parametrize("name", ["-rf", "../up", "a/b", ".git", "a\nb", "", "a..b", "x" * 300, "con"])
def test_a_hostile_name_is_refused_in_one_sentence(repo, make_version, name):
    with pytest.raises(BadInput, match="cannot be a prompt name"):
        release(repo, make_version(name=name))


@pytest.mark.parametrize(
    ("name", "slug"),
    [("ticket triage", "ticket-triage"), ("Überblick", "Überblick"), ("分类", "分类"), ("x.lock", "x-lock")],
)
def test_a_name_with_blanks_or_of_any_script_makes_a_valid_branch(repo, git, make_version, name, slug):
    plan, result = release(repo, make_version(name=name))
    assert result.branch.startswith(f"prompts/{slug}/v3-")
    assert plan.path == f"prompts/{name}.prompt.yml"
    assert git(repo, "ls-tree", "--name-only", "-z", result.branch, "prompts/") == plan.path + "\0"


@pytest.mark.parametrize("path", ["../x", "/etc", "-x", ".git/hooks", "a/.GIT/x", "a\\b", "a\nb"])
def test_a_place_outside_the_repository_is_refused(repo, make_version, path):
    with pytest.raises(BadInput, match="cannot be the place"):
        release(repo, make_version(), target_path=path)


def test_the_place_may_be_a_folder_or_a_file_and_pathspec_magic_means_nothing(repo, make_version):
    assert release(repo, make_version(), target_path="src/llm")[0].path == "src/llm/triage.prompt.yml"
    plan, _ = release(repo, make_version("Two", number=4), target_path=":(glob)*/t.yml")
    assert plan.path == ":(glob)*/t.yml"


def test_a_link_or_a_file_in_the_way_is_refused(repo, git, make_version):
    (repo / "prompts").symlink_to("elsewhere")
    git(repo, "add", "prompts")
    git(repo, "commit", "-qm", "Link")
    with pytest.raises(ReleaseError, match="prompts is a symbolic link"):
        release(repo, make_version())
    with pytest.raises(ReleaseError, match=r"code\.py is a file in the repository, not a folder"):
        release(repo, make_version(), target_path="code.py/x")
    assert release(repo, make_version(), target_path="other")[1].created


def test_an_older_branch_named_prompts_is_named_as_the_obstacle(repo, git, make_version):
    git(repo, "branch", "prompts")
    with pytest.raises(ReleaseError, match="The branch prompts stands in the way"):
        release(repo, make_version())


def test_git_variables_from_outside_lead_nowhere_else(repo, tmp_path, git, make_version, monkeypatch):
    git(tmp_path, "init", "-q", "decoy")
    for name, value in {
        "GIT_DIR": tmp_path / "decoy" / ".git",
        "GIT_WORK_TREE": tmp_path / "decoy",
        "GIT_INDEX_FILE": tmp_path / "stray-index",
        "GIT_OBJECT_DIRECTORY": tmp_path / "stray-objects",
        "GIT_NAMESPACE": "stray",
        "GIT_TRACE": tmp_path / "stray-trace",
    }.items():
        monkeypatch.setenv(name, str(value))
    _, result = release(repo, make_version())
    assert not list(tmp_path.glob("stray*"))
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_NAMESPACE",
        "GIT_TRACE",
    ):
        monkeypatch.delenv(name)
    assert git(repo, "rev-parse", result.branch).strip() == result.commit


def test_odd_settings_of_the_repository_do_not_leak_or_break_a_release(repo, git, make_version):
    for key, value in {
        "core.splitIndex": "true",
        "core.autocrlf": "true",
        "core.safecrlf": "true",
        "i18n.commitEncoding": "ISO-8859-1",
        "diff.noprefix": "true",
        "diff.external": "false",
        "commit.gpgSign": "true",
    }.items():
        git(repo, "config", key, value)
    before = {path.name for path in (repo / ".git").iterdir()}
    plan, result = release(repo, make_version("Über\n", message="Schöner"))
    assert {path.name for path in (repo / ".git").iterdir()} == before
    assert "encoding" not in git(repo, "cat-file", "commit", result.commit).split("\n\n")[0]
    assert "+++ b/prompts/triage.prompt.yml" in plan.diff
    assert any("not signed" in note for note in plan.notes)


def test_the_bases_attributes_decide_how_the_file_is_stored(repo, tmp_path, git, make_version):
    (repo / ".gitattributes").write_text("*.yml text eol=crlf ident\n")
    git(repo, "add", ".gitattributes")
    git(repo, "commit", "-qm", "Attributes")
    (repo / ".gitattributes").write_text("*.yml filter=broken\n")
    git(repo, "config", "filter.broken.clean", "false")
    git(repo, "config", "filter.broken.required", "true")
    _, result = release(repo, make_version("$Id: 123 $"))
    assert "content: '$Id$'" in git(repo, "show", f"{result.branch}:prompts/triage.prompt.yml")


def test_hooks_that_will_not_run_are_named(repo, make_version):
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repo}/ran\n")
    hook.chmod(0o755)
    plan, _ = release(repo, make_version())
    assert any("do not run" in note and "has pre-commit" in note for note in plan.notes)
    assert not (repo / "ran").exists()


def test_no_password_of_a_remote_is_shown(repo, git, make_version):
    git(repo, "remote", "add", "origin", "https://ana:s3cret@git.example.org/team/x.git?token=s3cret")
    plan, _ = release(repo, make_version())
    assert plan.remotes == (("origin", "https://git.example.org/team/x.git"),)
    assert "s3cret" not in str(plan.to_dict())
    assert public_url("git@example.org:team/x.git") == "example.org:team/x.git"
    assert public_url("ssh://u:p@h:22/a@b") == "ssh://h:22/a@b"
    assert public_url("/srv/git/a@b:c") == "/srv/git/a@b:c"


def test_without_name_and_email_the_plan_tells_and_the_release_refuses(
    repo, git, make_version, isolated_git, monkeypatch
):
    (isolated_git / ".gitconfig").write_text("")
    prompt, lineage = make_version()
    plan = plan_release(repo=repo, prompt=prompt, lineage=lineage)
    assert any("git config --global user.name" in note for note in plan.notes)
    count = git(repo, "count-objects")
    with pytest.raises(ReleaseError, match=r"does not know who commits: run git config --global user\.name"):
        make_release(plan)
    assert git(repo, "count-objects") == count
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "CI")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ci@example.org")
    assert make_release(plan).created


def test_what_is_no_repository_is_one_sentence(tmp_path, make_version, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ReleaseError, match="is not in a git repository"):
        release(tmp_path, make_version())
    with pytest.raises(ReleaseError, match="There is no folder"):
        release(tmp_path / "nowhere", make_version())


def fake_git(folder: Path, script: str) -> str:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"


def test_a_missing_old_or_hanging_git_is_one_sentence(repo, tmp_path, make_version, monkeypatch):
    monkeypatch.setenv("PATH", fake_git(tmp_path / "old", "echo git version 2.11.0"))
    with pytest.raises(ReleaseError, match="too old"):
        release(repo, make_version())
    monkeypatch.setattr(repository, "TIMEOUT_S", 0.2)
    monkeypatch.setenv("PATH", fake_git(tmp_path / "slow", "exec sleep 30"))
    with pytest.raises(ReleaseError, match="did not finish"):
        release(repo, make_version())
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ReleaseError, match="git is not installed"):
        release(repo, make_version())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_object_folder_is_one_sentence(repo, make_version):
    folders = [
        path for path in (repo / ".git" / "objects", *(repo / ".git" / "objects").glob("*")) if path.is_dir()
    ]
    for folder in folders:
        folder.chmod(0o555)
    try:
        with pytest.raises(ReleaseError, match="The repository cannot be written: check the permissions"):
            release(repo, make_version())
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_an_unsaved_or_altered_version_is_refused(repo, make_version):
    prompt, lineage = make_version()
    with pytest.raises(ReleaseError, match="not saved as a version"):
        release(repo, (prompt, None))
    with pytest.raises(ReleaseError, match="is not that of its version 3"):
        release(repo, (make_version("Other")[0], lineage))


def test_every_refusal_is_a_product_error_with_exit_code_two(repo, make_version):
    with pytest.raises(WorkbenchError) as problem:
        release(repo, make_version(), base="nowhere")
    assert problem.value.exit_code == 2 and "\n" not in str(problem.value)
