"""What a command line or a preset may say: types, ranges, names and classes, judged before anything starts."""

import copy
import re
import sys

import pytest
import yaml
from omegaconf import OmegaConf

from factory.cli import main
from factory.commands import submit
from factory.commands.compose import composed, configured
from factory.commands.words import parse
from factory.confdir import conf_dir
from factory.errors import ConfigError, StorageError
from factory.models.lk import LucasKanade
from factory.phases.phase import fingerprint
from factory.settings import settings_of
from factory.storage.places import normal


def settings(*words, config_dir=None):
    return configured(["source=in", "output=out", *words], config_dir)


@pytest.fixture(scope="module")
def plain():
    """The composed configuration, to be set without composing it again: that takes a third of a second."""
    return composed(["source=in", "output=out"])[0]


def refused_as(plain, key, value):
    """The one sentence with which a preset is refused that has this value."""
    cfg = copy.deepcopy(plain)
    OmegaConf.update(cfg, key, yaml.safe_load(value), force_add=True)
    with pytest.raises(ConfigError) as caught:
        settings_of(cfg)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused(*words, config_dir=None):
    """The one sentence with which the words are refused."""
    with pytest.raises(ConfigError) as caught:
        settings(*words, config_dir=config_dir)
    assert "\n" not in str(caught.value)
    assert "HYDRA" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("filter.timeout_s", ["abc", "0", "-1", ".nan", ".inf", "true", "[1]", "null", "'5'"]),
        ("ingest.shard_size", ["0", "-2", "1.5", "abc", "true"]),
        ("workers", ["abc", "0", "-1", "2.5", "true", "''"]),
        ("ingest.cut.min_s", ["-5", "0", "abc", "[1,2]", ".nan"]),
        ("force", ["maybe", "1", "null", "[true]"]),
        ("filter.exhaustive", ["perhaps", "2"]),
        ("profile.autoscales", ["maybe"]),
        ("retry", ["all", "true"]),
        ("engine", ["spark", "5"]),
        ("storage.cache_gb", ["0", "-1", ".inf"]),
        ("storage.patience_s", ["-1", "abc"]),
        ("pose.resources.memory_gb", ["-1", "x", ".nan"]),
        ("pose.stages.frames.grey_side_px", ["0", "abc"]),
        ("pose.stages.solve.options.mapping.rough_per_frame", ["-3"]),
        ("pose.stages.solve.options.pairs.strides", ["[1,a]", "[-1,2]", "3"]),
        ("pose.stages.solve.options.zoom", ["3", "[1]"]),
        ("pose.stages.frames.fps", ["0", "-12"]),
        ("ingest.survey.max_damage", ["5", "-0.1"]),
        ("filter.stages.sample.fps", ["0"]),
        ("flow.preset", ["swift", "3"]),
        ("filter.rules.flat_share.most", ["abc", "0", ".nan"]),
        ("tracker.window_px", ["0", "2"]),
        ("tracker.return_px", ["0"]),
        ("pose.min_quality", ["platin"]),
        ("rig.stages.solve.options.baseline_m", ["0", "-0.063", ".nan", "63", "1e9", "1e-9", "abc", "null"]),
        ("rig.stages.layout.recognise.across_deg", ["0", "-60", "180", "400", ".nan", "abc"]),
        ("rig.stages.layout.recognise.fisheye_deg", ["0", "400"]),
        ("pipeline.phases", ["[pose]", "[ingest,pose,pose]", "[ingest,train]", "ingest"]),
    ],
)
def test_a_wrong_type_or_range_is_one_sentence_with_key_and_value(plain, key, values):
    for value in values:
        told = refused_as(plain, key, value)
        name = {"filter.rules.flat_share.most": "flat_share", "pipeline.phases": "pipeline"}.get(key, key)
        assert name in told
        assert value.strip("'.") in told or value[:1] in ("", "[", "t"), told


def test_what_is_wrong_together_is_refused():
    assert "max_s=12 must be above min_s=20" in refused("ingest.cut.min_s=20")
    assert "may not all be 0" in refused("pose.resources={cpus: 0, memory_gb: 0}")
    gold = "{_target_: factory.trust.rule.Tier, ate_percent: 1, ate_px: 0, cross_px: 2, cross_ratio: 2}"
    assert "its tiers must be gold, silver, bronze" in refused(f"pose.stages.grade.rule.tiers={{gold: {gold}}}")
    assert "'flow_peek': did you mean flow_peak?" in refused("filter.rules.flat_share.feature=flow_peek")


@pytest.mark.parametrize(
    ("word", "means"), [("no", False), ("off", False), ("Yes", True), ("on", True), ("true", True)]
)
def test_words_of_yaml_are_booleans_and_are_kept_as_such(word, means):
    cfg = settings(f"force={word}", f"filter.exhaustive={word}")
    assert (cfg.force, cfg.phases["filter"].exhaustive) == (means, means)
    kept = yaml.safe_load(cfg.text)
    assert (kept["force"], kept["filter"]["exhaustive"]) == (means, means)


def test_whole_numbers_serve_as_numbers_and_fields_that_conf_does_not_name_can_be_set():
    cfg = settings("ingest.cut.max_s=11", "tracker.flow.preset=medium", "pose.stages.solve.options.pairs.strides=[1,2]")
    assert repr(cfg.phases["ingest"].cut.max_s) == "11.0"
    assert cfg.tracker.flow.preset == "medium"
    assert cfg.phases["pose"].stages["track"].tracker == cfg.tracker
    assert cfg.phases["pose"].stages["solve"].options.pairs.strides == (1, 2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["engin=inline"], "engin is not a setting: did you mean engine?"),
        (["+engin=inline"], "engin is not a setting: did you mean engine?"),
        (["++engin=inline"], "engin is not a setting: did you mean engine?"),
        (["+engine=ray"], "engine is a setting already"),
        (["+foo=1"], "foo is not a setting"),
        (["text=x"], "text is not a setting"),
        (["~engine"], "engine is missing"),
        (["~engin"], "engin is not a setting: did you mean engine?"),
        (["ingst.cut.min_s=1"], "ingst is not a setting: did you mean ingest?"),
        (["ingest.cut.mim_s=3"], "ingest.cut.mim_s is not a setting: did you mean min_s?"),
        (["filter.stages.sampel.fps=6"], "filter.stages.sampel has no _target_: did you mean sample?"),
        (["pose.stages.track.tracker.points=5"], "did you mean tracker.points?"),
        (["pose.resources.cpu=2"], "did you mean cpus?"),
        (["profile=clustr"], "profile=clustr is not known: did you mean cluster?"),
        (["phase@ingest=5"], "phase@ingest=5 is not known"),
        (["phase@ingest=pose"], "ingest._target_: phase ingest reads sources"),
        (["pipeline.phases=[ingest,poes]"], "no phase poes is declared: did you mean pose?"),
        (["runs={_target_: factory.phases.pose.Pose}"], "runs.timeout_s is missing"),
        (["foo"], "'foo' is not understood: write key=value, as in source=my-videos"),
        (["=3"], "is not understood"),
        (["ingest.cut.max_s=[1"], "is not understood"),
        (["ingest.cut.max_s=5,6"], "names several values"),
        (["hydra.run.dir=x"], "is not a setting"),
        (["hydra/launcher=basic"], "is not a setting"),
        (["ingest.cut.max_s=${nope}"], "'nope' not found"),
    ],
)
def test_a_word_that_means_nothing_is_one_sentence_with_the_nearest_name(words, sentence):
    assert sentence in refused(*words)


@pytest.mark.parametrize(
    "target",
    [
        "os.mkdir",
        "shutil.copyfile",
        "factory.cli.os.system",  # through what a module has imported
        "factory.cli.main",
        "factory.storage.local.write_atomic",
        "factory.storage.local.Path",
        "factoryx.stages.Blur",
        "factory",
        "..os.mkdir",
        "5",
    ],
)
def test_only_dataclasses_of_factory_are_made(plain, target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    node = f"{{_target_: {target}, path: made, src: /etc/hostname, dst: made}}"
    for key in ("ingest.survey", "tracker.flow", "pose.stages.mask.mask", "filter.rules.x", "filter.stages.x"):
        assert "_target_" in refused_as(plain, key, node)
    if not target.startswith("factory."):  # what nothing would make is refused as well
        assert "_target_" in refused_as(plain, "a", f"[{{c: {node}}}]")
    assert not list(tmp_path.iterdir())


def test_a_word_is_judged_as_a_preset_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "timeout_s=abc is not possible: it should be a number" in refused("filter.timeout_s=abc")
    assert "ingest.cut.max_s=nan" in refused("ingest.cut.max_s=nan")
    words = ("~ingest.survey", "++ingest.survey={_target_: os.mkdir, path: made}")
    assert "allow_targets=[os]" in refused(*words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["_partial_", "_args_", "_recursive_", "_convert_"])
def test_hydra_s_other_ways_to_call_something_are_no_settings(key):
    assert f"{key} is not a setting" in refused(f"ingest.survey.{key}=[1]")


def test_a_class_of_factory_that_does_not_fit_is_refused():
    assert "should be a Stage" in refused("filter.stages.x={_target_: factory.models.dis.DisFlow}")
    assert "should be a Tracker" in refused("pose.stages.track.tracker={_target_: factory.models.dis.DisFlow}")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A user's package with a stage, which leaves a file where it is imported."""
    folder = tmp_path / "code" / "mypkg"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "import os\nfrom dataclasses import dataclass\nfrom pathlib import Path\n"
        "(Path(__file__).parent / 'imported').touch()\n\n"
        "@dataclass\nclass Blur:\n    needs = ()\n    gives = ('blur',)\n    sigma_px: float = 1.0\n"
        "    def __call__(self, record):\n        return record\n"
    )
    monkeypatch.syspath_prepend(folder.parent)
    yield folder
    sys.modules.pop("mypkg", None)


BLUR = "filter.stages.blur={_target_: mypkg.Blur, sigma_px: 2}"


def test_a_package_of_the_user_s_is_imported_only_when_it_is_allowed(package):
    assert "allow_targets=[mypkg]" in refused(BLUR)
    assert not (package / "imported").exists()
    cfg = settings(BLUR, "allow_targets=[mypkg]")
    assert cfg.phases["filter"].stages["blur"].sigma_px == 2.0
    assert yaml.safe_load(cfg.text)["allow_targets"] == ["mypkg"]
    assert "should be a number" in refused(BLUR.replace("2}", "x}"), "allow_targets=[mypkg]")
    assert "is refused" in refused("filter.stages.blur={_target_: mypkg.os}", "allow_targets=[mypkg]")
    assert "is not possible" in refused("allow_targets=mypkg")


def test_a_preset_cannot_allow_itself(package, tmp_path):
    for group in ("filter", "extra"):
        (tmp_path / group).mkdir()
    preset = "# @package _global_\nallow_targets: [mypkg]\n"
    preset += "filter:\n  rules: {}\n  stages:\n    blur: {_target_: mypkg.Blur}\n"
    (tmp_path / "filter" / "theirs.yaml").write_text(preset)
    (tmp_path / "extra" / "theirs.yaml").write_text(preset)
    assert "only the command line may" in refused("+extra=theirs", config_dir=str(tmp_path))
    assert "mypkg.Blur is refused" in refused("filter=theirs", config_dir=str(tmp_path))
    assert not (package / "imported").exists()
    assert (
        "blur" in settings("filter=theirs", "allow_targets=[mypkg]", config_dir=str(tmp_path)).phases["filter"].stages
    )


def test_a_kept_configuration_allows_nothing(package):
    kept = settings(BLUR, "allow_targets=[mypkg]").text
    with pytest.raises(ConfigError, match=r"mypkg\.Blur is refused"):
        settings_of(OmegaConf.create(kept))
    assert settings_of(OmegaConf.create(settings("sfm=fast").text)).phases == settings("sfm=fast").phases
    assert package.exists()


def test_another_class_with_the_same_methods_can_take_a_place(package):
    (package / "__init__.py").write_text(
        "from dataclasses import dataclass\n\n@dataclass\nclass Points:\n    count: int = 3\n"
        "    def track(self, frames):\n        ...\n"
    )
    word = "pose.stages.track.tracker={_target_: mypkg.Points, count: 4}"
    tracker = settings(word, "allow_targets=[mypkg]").phases["pose"].stages["track"].tracker
    assert (type(tracker).__name__, tracker.count, isinstance(tracker, LucasKanade)) == ("Points", 4, False)


def test_what_the_environment_holds_is_used_and_neither_kept_nor_told(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    cfg = settings("storage.cache_dir=${oc.env:MY_TOKEN}")
    assert cfg.storage.cache_dir == "s3cr3t"
    assert "s3cr3t" not in cfg.text
    assert "${oc.env:MY_TOKEN}" in cfg.text
    for key in ("ingest.cut.min_s", "force", "ingest.survey._target_", "tracker.points"):
        told = refused(f"{key}=${{oc.env:MY_TOKEN}}")
        assert "s3cr3t" not in told
        assert "${oc.env:MY_TOKEN}" in told


@pytest.mark.parametrize(
    "uri", ["s3://AKIA:s3cr3t@bucket/x", "s3://AKIA:s3c/r3t@bucket/x", "s3://s3cr3t@bucket", "s3://a:b/x"]
)
def test_keys_in_a_uri_are_refused_and_not_repeated(uri, capsys):
    with pytest.raises(StorageError, match="keys in it") as caught:
        normal(uri)
    assert "AKIA" not in str(caught.value)
    assert "r3t" not in str(caught.value)
    assert main(["plan", f"source={uri}", "output=out"]) == 1
    assert "r3t" not in capsys.readouterr().err
    with pytest.raises(StorageError):
        submit.check([f"source={uri}", "output=s3://b/o"])
    assert normal("s3://bucket/a@b:c.mp4") == "s3://bucket/a@b:c.mp4"


def test_submit_refuses_what_run_refuses():
    for word in ("force=maybe", "engin=ray", "ingest.survey._target_=os.mkdir", "workers=0"):
        with pytest.raises(ConfigError, match="nothing is sent"):
            submit.check(["source=/v", "output=/o", word])


def test_help_of_run_fits_a_screen_and_names_every_choice(capsys):
    assert main(["run", "--help"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    for key in (
        "source",
        "output",
        "pipeline",
        "profile",
        "sfm",
        "engine",
        "workers",
        "retry",
        "force",
        "ingest.cut.max_s",
    ):
        assert f"\n  {key}=" in text
    for group in ("pipeline", "profile", "sfm"):
        block = re.search(rf"\n  {group}=.*\n(?: {{5,}}.*\n)*", text)[0]
        assert all(path.stem in block for path in (conf_dir() / group).glob("*.yaml")), group
    assert text.count("\n  factory run source=") == 3
    assert main(["plan", "--help"]) == 0
    assert capsys.readouterr().out.startswith("factory plan source=")
    assert main(["help", "plan"]) == 0
    assert capsys.readouterr().out.startswith("factory plan source=")


def test_the_rest_of_the_help_keeps_the_comments(capsys):
    assert main(["run", "--help-all"]) == 0
    text = capsys.readouterr().out
    assert main(["run", "--help", "all"]) == 0
    assert capsys.readouterr().out == text
    for path in conf_dir().rglob("*.yaml"):
        if path.name != "weights.yaml":  # a catalogue, no settings
            assert path.read_text().strip() in text


def test_a_preset_cannot_send_a_key_of_this_machine_anywhere(tmp_path):
    (tmp_path / "vlm").mkdir()
    served = (conf_dir() / "vlm" / "served.yaml").read_text()
    theirs = served.replace("http://127.0.0.1:8000/v1", "http://evil.example/v1")
    theirs = theirs.replace("key_from: null", "key_from: AWS_SECRET_ACCESS_KEY")
    (tmp_path / "vlm" / "theirs.yaml").write_text(theirs)
    where, key = "vlm.url=http://127.0.0.1:8000/v1", "vlm.key_from=OPENAI_API_KEY"
    for words in ([], [where], [key]):  # a key of ours would go to them, or another than we said to us
        assert "belong on the command line" in refused("vlm=theirs", *words, config_dir=str(tmp_path))
    assert settings("vlm=theirs", where, key, config_dir=str(tmp_path)).vlm.key_from == "OPENAI_API_KEY"
    hidden = "{_target_:factory.models.vlm_server.ServedTeller,url:'http://evil.example/v1',model:m,key_from:TOKEN}"
    (tmp_path / "teller").mkdir()
    for name, reference in (("made", f"${{oc.create:{hidden}}}"), ("read", f'${{oc.decode:"{hidden}"}}')):
        (tmp_path / "teller" / f"{name}.yaml").write_text(f"# @package _global_\nteller: {reference}\n")
        assert "belong on the command line" in refused(f"teller={name}", config_dir=str(tmp_path))
    # A key that was said for one model, and an address that was said for another, are no pair.
    teller = (conf_dir() / "teller" / "served.yaml").read_text().replace("key_from: null", "key_from: OPENAI_API_KEY")
    (tmp_path / "teller" / "other.yaml").write_text(teller)
    for url in ("http://127.0.0.1:9000/v1", "[a]"):
        told = refused("vlm=served", where, key, "teller=other", f"teller.url={url}", config_dir=str(tmp_path))
        assert "belong on the command line" in told
    assert settings("vlm=served", config_dir=str(tmp_path)).vlm.key_from is None


def test_help_of_a_command_and_misspelt_commands(capsys):
    assert main(["help", "query"]) == 0
    assert capsys.readouterr().out.startswith("usage: factory query")
    assert main(["rnu"]) == 2
    assert "did you mean run?" in capsys.readouterr().err
    assert main(["query", "--nonsense"]) == 2


@pytest.mark.parametrize("words", [["-m"], ["--multirun"], ["--mutlirun"], ["--config-dir"], ["--cfg", "all"]])
def test_options_that_are_not_there_are_one_sentence(words, capsys):
    assert main(["run", "source=a", "output=b", *words]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_every_field_of_every_stage_is_shown_with_its_comment_and_means_what_it_says(capsys):
    words = ["source=a", "output=b", "pose.stages.solve.options.mapping.cut_px=2"]
    assert main(["run", *words, "--cfg", "job", "--resolve"]) == 0
    out = capsys.readouterr().out
    told = yaml.safe_load(out)
    assert told["pose"]["stages"]["solve"]["options"]["mapping"]["cut_px"] == 2
    assert told["pose"]["stages"]["solve"]["options"]["mapping"]["rounds"] is not None
    assert told["pose"]["stages"]["grade"]["measure"]["_target_"] == "factory.trust.assess.Measure"
    assert "      tracker:" in out
    assert "return_px: 0.7  # forward and backward must end this close to the start" in out
    shown, plain = settings_of(OmegaConf.create(told)), settings(*words[2:])
    prints = [[fingerprint(tuple(p.chain())) for p in each.phases.values()] for each in (shown, plain)]
    assert prints[0] == prints[1]  # written out in full it is the same run


def test_the_configuration_is_shown_as_it_was_written(capsys, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    words = ["source=a", "output=b", "storage.cache_dir=${oc.env:MY_TOKEN}"]
    assert main(["run", *words, "--cfg", "job"]) == 0
    assert "s3cr3t" not in capsys.readouterr().out
    show = parse("run", [*words, "--cfg", "job", "--resolve"]).show
    assert show is not None
    assert "cache_dir: s3cr3t" in show()
