import { person } from "../world/settings";
import { expect, test } from "../world/test";

test("a new week whose worklogs cannot be loaded does not show the last week's hours", async ({ web }) => {
  let readable = true;
  const screen = await web({
    prepare: async (context) => {
      await context.clock.install({ time: "2026-03-01T23:58:00+01:00" }); // a Sunday
      const logged = { worklogs: [], total: 36_000, days: [{ date: "2026-03-01", total: 36_000 }], accountId: person("emily").accountId };
      await context.route("**/api/worklogs?*", (route) => (readable ? route.fulfill({ json: logged }) : route.abort()));
    },
  });
  const week = screen.page.getByRole("region", { name: "This week" });
  await screen.logIn(person("emily"));
  await expect(week).toContainText("23 February to 1 March");
  await expect(week).toContainText("10 h");

  readable = false;
  await screen.page.clock.fastForward("03:00");
  await expect(week).toContainText("2 to 8 March");
  await expect(screen.page.getByText("The worklogs cannot be shown.")).toBeVisible();
  await expect(week).not.toContainText("10 h");
});
