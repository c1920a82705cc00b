from hypothesis import given
from hypothesis import strategies as st

from factory.export.names import clip_names, file_name


def clip(clip_id, source, start_s=0.0):
    return {"clip_id": clip_id, "source": source, "source_start_s": start_s}


def test_one_clip_has_its_source_s_stem_and_several_are_numbered_in_time():
    rows = [clip("x", "/v/a.mp4", 5.0), clip("y", "/v/a.mp4", 0.0), clip("z", "/v/b.mp4")]
    assert clip_names(rows) == {"y": "a-00", "x": "a-01", "z": "b"}


def test_equal_stems_are_told_apart_by_their_folders():
    rows = [clip("x", "/v/one/a.mp4"), clip("y", "/v/two/a.mp4"), clip("z", "/v/two/a.mov")]
    assert clip_names(rows) == {"x": "one_a", "y": "v_two_a.mp4", "z": "v_two_a.mov"}


PATHS = st.lists(st.sampled_from(["a", "b", "a_b", "a-00"]), min_size=1, max_size=3).map(
    lambda p: "/" + "/".join(p) + ".mp4"
)


@given(st.lists(st.tuples(PATHS, st.integers(0, 3)), min_size=1, max_size=8, unique=True))
def test_no_two_clips_share_a_name(clips):
    rows = [clip(str(i), source, float(start)) for i, (source, start) in enumerate(clips)]
    assert len(set(clip_names(rows).values())) == len(rows)


def test_names_that_meet_after_all_are_told_apart():
    rows = [clip("p", "/x/a.mp4", 0.0), clip("q", "/x/a.mp4", 3.0), clip("r", "/x/a-00.mp4")]
    rows += [clip(str(i), source) for i, source in enumerate(("/a_b/c.mp4", "/a/b_c.mp4", "/q/c.mp4", "/q/b_c.mp4"))]
    assert len(set(clip_names(rows).values())) == len(rows)


def test_no_name_leads_out_of_the_folder():
    sources = ("https://h.example/x/..", "s3://b/x/..", "https://h.example/a\nb", "s3://b/.")
    names = clip_names([clip(str(i), source) for i, source in enumerate(sources)]).values()
    assert all(name.strip(".") and "/" not in name and name.isprintable() for name in names)


def test_names_too_long_for_a_file_are_cut_and_stay_distinct():
    long = [f"{'é' * 126}{end}" for end in "ab"]
    names = [file_name(name, ".intrinsics.json") for name in long]
    assert names[0] != names[1]
    assert all(len(name.encode()) <= 255 and name.endswith(".intrinsics.json") for name in names)
    assert file_name("a" * 251, ".txt") == f"{'a' * 251}.txt"
