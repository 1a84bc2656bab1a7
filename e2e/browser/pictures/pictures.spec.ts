import { person } from "../world/settings";
import { expect, test } from "../world/test";

// The pictures of README, made from the real pages by "make pictures".
const folder = "../../docs/images";

for (const colorScheme of ["light", "dark"] as const) {
  test(`web, ${colorScheme}`, async ({ web }) => {
    const screen = await web({ colorScheme, width: 1280, height: 720 });
    await screen.logIn(person("linh"));
    await screen.isLive();
    await expect(screen.page.getByRole("table", { name: "This week" })).toBeAttached();
    await screen.page.evaluate(() => document.fonts.ready);
    await screen.page.screenshot({ path: `${folder}/web-${colorScheme}.png`, animations: "disabled" });
  });
}

test("desktop window", async ({ desktopWindow }) => {
  const screen = await desktopWindow();
  await screen.logIn(person("linh"));
  await screen.isLive();
  await screen.page.evaluate(() => document.fonts.ready);
  await screen.page.screenshot({ path: `${folder}/desktop.png`, animations: "disabled" });
});
