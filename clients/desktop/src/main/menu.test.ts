import type { MenuItemConstructorOptions } from "electron";
import { describe, expect, it, vi } from "vitest";
import type { Report } from "../bridge";
import { trayMenu } from "./menu";

const STARTED = new Date(2026, 2, 5, 9, 14).getTime();
const NOW = new Date(2026, 2, 5, 17, 0).getTime();
const REPORT: Report = {
  signedIn: true,
  connection: "live",
  current: { issueKey: "ABC-7", summary: "Fix the login", startedAt: STARTED, countedSeconds: 0, countedAt: STARTED, onHold: false },
  recent: [{ issueKey: "OPS-64", summary: "Q & A" }, { issueKey: "OPS-65", summary: null }],
};

function actions() {
  return { command: vi.fn(), open: vi.fn(), signOut: vi.fn(), setLaunchAtLogin: vi.fn(), quit: vi.fn() };
}

function labels(items: MenuItemConstructorOptions[]): string[] {
  return items.map((item) => (item.type === "separator" ? "-" : `${item.label}${item.enabled === false ? " (off)" : ""}`));
}

function click(items: MenuItemConstructorOptions[], label: string): void {
  const { click } = items.find((item) => item.label === label)!;
  (click as () => void)();
}

const REST = ["-", "Open Clockwork", "Settings…"];

describe("trayMenu", () => {
  it.each<[string, Report, string[]]>([
    ["running", REPORT, ["ABC-7  Fix the login (off)", expect.stringMatching(/^Since .*9:14.*\(off\)$/), "Stop", "-", "Switch to (off)", "OPS-64  Q && A", "OPS-65", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["nothing-and-recent", { ...REPORT, current: null }, ["Nothing is running (off)", "-", "Start (off)", "OPS-64  Q && A", "OPS-65", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["nothing", { ...REPORT, current: null, recent: [] }, ["Nothing is running (off)", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["connecting", { ...REPORT, current: null, recent: [], connection: "connecting" }, ["Connecting (off)", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["offline", { ...REPORT, current: null, recent: [], connection: "offline" }, ["Nothing is running (off)", "Offline (off)", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["stale", { ...REPORT, current: null, recent: [], connection: "stale" }, ["Nothing is running (off)", "Clockwork does not answer (off)", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["on-hold", { ...REPORT, recent: [], current: { ...REPORT.current!, onHold: true } }, ["ABC-7  Fix the login (off)", expect.stringMatching(/^Since .*9:14.*, on hold \(off\)$/), "Stop", ...REST, "-", "Log out", "Quit Clockwork"]],
    ["signed-out", { ...REPORT, signedIn: false }, ["Logged out (off)", ...REST, "-", "Log in…", "Quit Clockwork"]],
    ["expired", { ...REPORT, connection: "expired" }, ["Logged out (off)", ...REST, "-", "Log in…", "Quit Clockwork"]],
  ])("%s", (_name, report, want) => {
    expect(labels(trayMenu(report, NOW, null, actions()))).toEqual(want);
  });

  it("asks the page to stop and to start", () => {
    const did = actions();
    const menu = trayMenu(REPORT, NOW, null, did);
    click(menu, "Stop");
    click(menu, "OPS-64  Q && A");
    expect(did.command.mock.calls).toEqual([[{ kind: "stop" }], [{ kind: "start", issueKey: "OPS-64" }]]);
  });

  it("opens the window for the settings and for signing in", () => {
    const did = actions();
    click(trayMenu({ ...REPORT, signedIn: false }, NOW, null, did), "Log in…");
    click(trayMenu(REPORT, NOW, null, did), "Settings…");
    expect(did.open).toHaveBeenCalledTimes(2);
    expect(did.command.mock.calls).toEqual([[{ kind: "settings" }]]);
  });

  it("signs out, quits and toggles launch at login", () => {
    const did = actions();
    const menu = trayMenu(REPORT, NOW, true, did);
    expect(menu.find((item) => item.label === "Launch at login")).toMatchObject({ type: "checkbox", checked: true });
    for (const label of ["Log out", "Quit Clockwork", "Launch at login"]) click(menu, label);
    expect(did.signOut).toHaveBeenCalledOnce();
    expect(did.quit).toHaveBeenCalledOnce();
    expect(did.setLaunchAtLogin.mock.calls).toEqual([[false]]);
  });

  it("says on which day the timer began if that is not today", () => {
    const since = (now: number) => trayMenu(REPORT, now, null, actions())[1]?.label;
    expect(since(NOW)).not.toMatch(/5|Mar/);
    expect(since(NOW + 86_400_000)).toMatch(/^Since (?=.*\b5\b)(?=.*Mar).*, .*9:14/);
  });

  it("shortens long texts", () => {
    const report = { ...REPORT, current: { ...REPORT.current!, summary: "x".repeat(400) } };
    expect(trayMenu(report, NOW, null, actions())[0]?.label).toHaveLength(48);
  });
});
