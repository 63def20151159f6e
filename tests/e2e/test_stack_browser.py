"""The browser of the tests writes Chinese, not empty boxes."""

from playwright.sync_api import Page, sync_playwright


def ink(page: Page, text: str) -> bytes:
    """Return a picture of the text, white apart from its glyphs."""
    page.set_content(f"<meta charset=utf-8><p style='font-size: 40px'>{text}</p>")
    return page.locator("p").screenshot()


def test_chinese_characters_have_glyphs_of_their_own(chromium):
    """A browser without a font for them draws the same box for each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable,
            args=list(chromium.arguments),
            env=chromium.environ,
        )
        page = browser.new_page()
        pictures = {ink(page, character) for character in "冷冻链温度订单"}
        browser.close()
    assert len(pictures) == 7
