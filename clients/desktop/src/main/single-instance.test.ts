import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { claimSingleInstance } from "./single-instance";

function fakeApp(first: boolean) {
  return Object.assign(new EventEmitter(), { requestSingleInstanceLock: () => first, quit: vi.fn() });
}

it("calls back when the program is started again", () => {
  const app = fakeApp(true);
  const again = vi.fn();
  expect(claimSingleInstance(app, again)).toBe(true);
  app.emit("second-instance");
  expect(again).toHaveBeenCalledOnce();
  expect(app.quit).not.toHaveBeenCalled();
});

it("quits if another copy runs", () => {
  const app = fakeApp(false);
  const again = vi.fn();
  expect(claimSingleInstance(app, again)).toBe(false);
  expect(app.quit).toHaveBeenCalledOnce();
  expect(app.listenerCount("second-instance")).toBe(0);
});
