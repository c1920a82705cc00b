"""The pages in a real browser, from a disk: whether they are alive, right, usable by all, and harmless."""

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from factory.data.opened import Output
from factory.report.write import write_report
from tests.export.deep import with_depth
from tests.report.made import HOSTILE
from tests.report.made_stereo import FATES, FRAMES, name_of, write_stereo_output

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}
READ = "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"  # cells of rows


def accepted(made):
    return made.ids("status = 'ok' AND quality = 'gold'", "pose")[0]


def pages(made):
    return ("index.html", "gallery.html", f"clip.html#{accepted(made)}")


def shown(page):
    """Ids of the cards, in order."""
    links = page.eval_on_selector_all("#cards .card", "cards => cards.map((card) => card.getAttribute('href'))")
    return [unquote(link.partition("#")[2]) for link in links]


def all_shown(tab):
    tab.until("(document.querySelector('#more').click(), document.querySelector('#more').hidden)")
    return shown(tab.page)


def test_everything_a_page_refers_to_is_there(tab, made, report):
    found = set()
    for name in pages(made):
        page = tab.open(name)
        if name == "gallery.html":
            all_shown(tab)
        kinds = "[href], [src], [data-src], [data-poster], [poster]"
        names = "['href', 'src', 'data-src', 'data-poster', 'poster']"
        reads = f"all => all.flatMap((one) => {names}.map((name) => one.getAttribute(name)))"
        found |= {link for link in page.eval_on_selector_all(kinds, reads) if link and link[0] != "#"}
    assert {Path(urlsplit(link).path).suffix for link in found} >= {".html", ".css", ".js", ".mp4", ".webp"}
    assert [link for link in found if not (report / unquote(urlsplit(link).path)).is_file()] == []


def test_previews_play_while_they_are_seen_and_load_no_sooner(tab):
    page = tab.open("gallery.html")
    tab.until("[...document.querySelectorAll('.card video')].some((video) => video.currentTime > 0)")
    assert page.evaluate("[...document.querySelectorAll('.card video')].every((video) => video.muted && video.loop)")
    assert page.evaluate("[...document.querySelectorAll('.card video')].some((video) => !video.src)")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    tab.until("document.querySelector('.card video').paused")


@pytest.mark.parametrize("tab", [{"reduced_motion": "reduce"}], indirect=True)
def test_who_wants_no_motion_sees_stills_and_starts_a_preview(tab, made):
    page = tab.open("gallery.html")
    tab.until("[...document.querySelectorAll('.card video')].some((video) => video.poster)")
    assert page.evaluate("[...document.querySelectorAll('.card video')].every((video) => video.paused && !video.src)")
    page = tab.open(f"clip.html#{accepted(made)}")
    tab.until("document.querySelector('.clip-media video').controls")
    page.evaluate("document.querySelector('.clip-media video').play()")
    tab.until("document.querySelector('.clip-media video').currentTime > 0")


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ({"status": "ok"}, "p.status = 'ok'"),
        ({"status": "rejected", "phase": "1"}, "f.status = 'rejected'"),
        ({"status": "failed"}, "i.status = 'failed'"),
        ({"quality": "bronze"}, "p.quality = 'bronze'"),
        (
            {"reason": "the solve may follow a moving object"},
            "p.reasons[1] LIKE 'ring_win%'",
        ),
        ({"text": "SHELF 3/"}, "i.source LIKE '%shelf 3/%'"),
        ({"text": "cannot be decoded"}, "i.error_type = 'VideoError'"),
    ],
)
def test_the_gallery_filters_as_sql_does(tab, made, filters, where):
    page = tab.open("gallery.html")
    for name, value in filters.items():
        page.fill("#text", value) if name == "text" else page.select_option(f"#{name}", value)
    joined = "ingest i LEFT JOIN filter f USING (clip_id) LEFT JOIN pose p USING (clip_id)"
    expected = {row[0] for row in made.sql(f"SELECT clip_id FROM {joined} WHERE {where}").fetchall()}
    assert 0 < len(expected) < 120
    assert set(all_shown(tab)) == expected
    assert page.inner_text("#count").startswith(f"{len(expected)} of 120")
    page.reload()  # the address holds the filters
    tab.until("document.querySelectorAll('.card').length > 0")
    assert set(all_shown(tab)) == expected


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("score", "f.score DESC NULLS LAST"),
        ("error", "p.ate_percent_predicted ASC NULLS LAST"),
        ("name", "i.source"),
    ],
)
def test_the_gallery_sorts_as_sql_does(tab, made, sort, order):
    tab.open("gallery.html").select_option("#sort", sort)
    joined = "ingest i LEFT JOIN filter f USING (clip_id) LEFT JOIN pose p USING (clip_id)"
    column = order.split()[0]
    rows = made.sql(f"SELECT clip_id FROM {joined} WHERE {column} IS NOT NULL ORDER BY {order}").fetchall()
    expected = [clip_id for (clip_id,) in rows]
    assert all_shown(tab)[: len(expected)] == expected


def test_a_link_of_the_funnel_leads_to_its_clips(tab, made):
    page = tab.open("index.html")
    page.click("[aria-label='From sources to clips'] tbody tr:nth-child(2) a >> nth=0")
    tab.until("location.pathname.endsWith('gallery.html') && document.querySelectorAll('.card').length > 0")
    passed = set(made.ids("status = 'ok'", "filter"))
    assert set(all_shown(tab)) == passed


def test_a_clip_s_page_shows_the_numbers_of_the_manifest(tab, made):
    clip_id = accepted(made)
    page = tab.open(f"clip.html#{clip_id}")
    clip = made.clip(clip_id)
    text = page.inner_text("#clip")
    assert clip["source"] in text
    assert f"{clip['ate_percent_predicted']:.2g} % of the path" in text
    rows = {row[0].partition(" ")[0]: row[1:] for row in page.eval_on_selector_all("tbody tr", READ)}
    assert rows["ring_win"][:3] == ["0.8", "≥ 0.38", "holds"]
    assert float(rows["score"][0]) == pytest.approx(clip.rows["filter"]["score"], rel=1e-3)
    assert rows["still_share"][1] == "≤ 0.5"
    assert float(rows["brightness"][0]) == pytest.approx(clip.rows["filter"]["brightness"], rel=1e-3)
    page.click("summary >> nth=0")
    assert "0.41" in page.inner_text("#clip")  # reprojection_error_px, of the other values
    page.evaluate("document.querySelector('.chart.space').scrollIntoView()")
    tab.until("document.querySelector('.chart.space canvas') !== null")
    way = page.evaluate("document.querySelector('.chart.space').data.find((one) => one.line?.width === 6)")
    assert len(way["x"]) == 39
    assert way["x"] == pytest.approx(clip.world_from_cam[1:, 0, 3].tolist(), abs=1e-3)


def test_what_broke_a_bound_is_said_with_its_number(tab, made):
    clip_id = made.ids("status = 'rejected' AND reasons[1] LIKE 'ring_win%'", "pose")[0]
    page = tab.open(f"clip.html#{clip_id}")
    assert "the solution explains only 12% of the picture's border" in page.inner_text(".clip-head")
    row = page.inner_text("tr:has(th:text-is('ring_win'))")
    assert "0.12" in row
    assert "broken" in row


def test_the_keyboard_reaches_a_clip_and_goes_on_to_the_next(tab):
    page = tab.open("gallery.html")
    page.wait_for_selector(".card")
    first, second = shown(page)[:2]
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card')"):
            break
    page.keyboard.press("Enter")
    tab.until("document.querySelector('.clip-head') !== null")
    assert unquote(page.url.partition("#")[2]) == first
    page.keyboard.press("ArrowRight")
    tab.until(f"location.hash === '#{quote(second)}'")
    assert page.inner_text("#around").split("\n")[0].startswith("← previous")


@pytest.mark.parametrize("tab", [{}, DARK, PHONE], indirect=True, ids=["light", "dark", "phone"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["run", "gallery", "clip"])
def test_the_pages_are_accessible(tab, made, which):
    from axe_playwright_python.sync_playwright import Axe

    page = tab.open(pages(made)[which])
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate("document.querySelectorAll('figure').forEach((one) => one.scrollIntoView())")
    found = Axe().run(page, options={"preload": False})  # which would fetch the styles
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("tab", [PHONE], indirect=True)
def test_a_phone_never_scrolls_sideways(tab, made):
    for name in pages(made):
        page = tab.open(name)
        tab.until("document.querySelector('#clip dl, .card, .chart') !== null")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_hostile_names_are_text(tab, made):
    page = tab.open("gallery.html")
    all_shown(tab)
    names = page.eval_on_selector_all(".card strong", "all => all.map((one) => one.textContent)")
    for name in HOSTILE:
        assert name.rpartition("/")[2] in names
    for clip_id, source in made.sql("SELECT clip_id, source FROM ingest ORDER BY clip_id").fetchall():
        if source.removeprefix("/v/") in HOSTILE:
            tab.open(f"clip.html#{clip_id}")
            assert page.evaluate("document.querySelector('.facts code').textContent") == source
            assert page.evaluate("document.querySelectorAll('main img[onerror], main script').length") == 0
    assert "owned" not in page.evaluate("document.title.replace(/<script>.*/, '')")
    tab.open("index.html")
    assert page.title() == "Report: out"
    assert "ing <i>" in page.inner_text("#cost")
    assert page.locator("#cost i").count() == 0


def test_a_page_that_finds_no_data_says_so(chromium, report, tmp_path):
    for name in ("index.html", "common.js", "overview.js", "charts.js", "media.js"):
        (tmp_path / name).write_bytes((report / name).read_bytes())
    page = chromium.new_page()
    page.goto(f"{tmp_path.as_uri()}/index.html")
    page.wait_for_selector("text=write the report again")
    page.close()


@pytest.fixture(scope="module")
def stereo_report(tmp_path_factory):
    root = tmp_path_factory.mktemp("stereo")
    write_report(Output(write_stereo_output(root / "out")), root / "report")
    return root / "report"


def test_a_stereo_clip_s_page_shows_its_tracks_its_depth_and_what_was_thrown_away(tab, stereo_report):
    tab.root = stereo_report
    page = tab.open(f"clip.html#{name_of('moves')}")
    text = page.inner_text("#clip")
    assert "63 mm: taken, not measured" in text
    assert "side by side, the left one first, rectified and 60° wide" in text
    assert "yaw 0° (taken), pitch 0.01°, roll -0.2°" in text
    assert page.inner_text("tr:has(th:text-is('vertical_px'))").split("\t")[:4] == [
        *("vertical_px", "0.04", "≤ 0.6", "holds"),
    ]
    assert page.inner_text(".bars li >> nth=0").split("\n") == ["flow across rows over 0.5 px", "25 %"]
    page.evaluate("document.querySelector('img.depth').scrollIntoView()")
    tab.until("document.querySelector('img.depth').naturalWidth === 192")
    page.evaluate("document.querySelector('.chart.space').scrollIntoView()")
    tab.until("document.querySelector('.chart.space canvas') !== null")
    still, lines, _, way, _ = page.evaluate("document.querySelector('.chart.space').data.map((one) => one.x)")
    assert 700 < len(still) <= 900
    assert lines.count(None) == 100
    assert way == pytest.approx([0.6 * n / (FRAMES - 1) for n in range(FRAMES)], abs=1e-3)
    page.evaluate("document.querySelectorAll('.chart').forEach((one) => one.scrollIntoView())")
    tab.until("[...document.querySelectorAll('.chart')].every((one) => one.data)")


@pytest.mark.parametrize("tab", [{**DARK, **PHONE}], indirect=True)
def test_pages_of_stereo_clips_are_accessible_and_fit(tab, stereo_report):
    from axe_playwright_python.sync_playwright import Axe

    tab.root = stereo_report
    for name in ("index.html", *(f"clip.html#{name_of(fate)}" for fate in FATES)):
        page = tab.open(name)
        tab.until("document.querySelector('#clip dl, .scroll table') !== null")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        if name in ("index.html", f"clip.html#{name_of('moves')}"):
            found = Axe().run(page, options={"preload": False})
            assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("tab", [{**DARK, **PHONE}], indirect=True)
def test_a_clip_s_page_shows_its_depth_and_says_what_the_colours_are(tab, made, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    clip_id = accepted(made)
    write_report(with_depth(made, tmp_path, clip_id), tmp_path / "report")
    tab.root = tmp_path / "report"
    page = tab.open(f"clip.html#{clip_id}")
    page.evaluate("document.querySelector('img.depth').scrollIntoView()")
    tab.until("document.querySelector('img.depth').naturalWidth === 480")
    text = page.inner_text("#clip")
    assert "m and nearer" in text
    assert "confirmed by other frames" in text
    assert "0.25 m, by a network; single frames differ by 4 %" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()
