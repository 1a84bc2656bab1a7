import { person } from "../world/settings";
import { expect, test } from "../world/test";

// Takes the pictures of README from the real pages. "make pictures" runs this.
const folder = "../../docs/images";

for (const colorScheme of ["light", "dark"] as const) {
  test(`web, ${colorScheme}`, async ({ web }) => {
    const screen = await web({ colorScheme, width: 1280, height: 720 });
    await screen.enter(person("linh"));
    await expect(screen.recent.getByRole("link")).not.toHaveCount(0);
    await screen.page.evaluate(() => document.fonts.ready);
    await screen.page.screenshot({ path: `${folder}/web-${colorScheme}.png`, animations: "disabled" });
  });
}

test("desktop window", async ({ desktopWindow }) => {
  const screen = await desktopWindow();
  await screen.enter(person("linh"));
  await expect(screen.recent.getByRole("link")).not.toHaveCount(0);
  await screen.page.evaluate(() => document.fonts.ready);
  await screen.page.screenshot({ path: `${folder}/desktop.png`, animations: "disabled" });
});
