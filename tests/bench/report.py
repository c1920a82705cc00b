"""What a report costs: seconds, memory and size to write one, and how soon its pages show something.

python -m tests.bench.report [CLIPS]     made-up clips (10000), about six in ten of them posed, with files
"""

import sys
import tempfile
import time
from pathlib import Path
from subprocess import run

from tests.report.made import write_output

WRITE = """
import resource, sys, time
from pathlib import Path
from factory.data.opened import Output
from factory.report.write import write_report
begin = time.monotonic()
made = write_report(Output.at(sys.argv[1]), Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"written in {time.monotonic() - begin:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU, "
      f"{used.ru_maxrss / 1024:.0f} MB at the most: {made.clips} clips, {made.previews} previews")
"""


def main(clips: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_output(f"{folder}/out", clips)
        report = Path(folder) / "out" / "report"
        run([sys.executable, "-c", WRITE, f"{folder}/out", str(report)], check=True)
        sizes = {path.name: path.stat().st_size for path in (report / "data").iterdir()}
        lines = sum(size for name, size in sizes.items() if name.startswith("clips"))
        pages = sum(path.stat().st_size for path in report.iterdir() if path.suffix in (".html", ".css", ".js"))
        pages -= (report / "plotly.min.js").stat().st_size
        print(f"pages {pages / 1e3:.0f} kB, the run {sizes['overview.js'] / 1e3:.0f} kB, lines of the gallery "
              f"{lines / 1e6:.1f} MB, all {sum(sizes.values()) / 1e6:.0f} MB")  # fmt: skip
        look(report)


def look(report: Path) -> None:
    """Seconds until a page shows its first preview, moving, in a browser that has just started."""
    from playwright.sync_api import sync_playwright

    from tests.report.conftest import QUIET, browser_path

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(QUIET))
        for name in ("index.html", "gallery.html"):
            page = browser.new_page()
            begin = time.monotonic()
            page.goto(f"{report.as_uri()}/{name}", wait_until="commit")
            page.wait_for_selector(".card video")
            card_s = time.monotonic() - begin
            while not page.evaluate("document.querySelector('.card video').currentTime > 0"):
                time.sleep(0.01)
            print(f"{name}: first card after {card_s:.2f} s, its preview plays after {time.monotonic() - begin:.2f} s")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
