import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { onWake } from "./sleep";

it("calls back once for each wake-up, although the system reports it twice", () => {
  const power = new EventEmitter();
  const wake = vi.fn();
  let now = 0;
  onWake(power, wake, () => now);
  power.emit("resume");
  now = 800;
  power.emit("unlock-screen");
  expect(wake).toHaveBeenCalledTimes(1);
  now = 60_000;
  power.emit("unlock-screen");
  expect(wake).toHaveBeenCalledTimes(2);
});

it("does not call back when the machine goes to sleep", () => {
  const power = new EventEmitter();
  const wake = vi.fn();
  onWake(power, wake, () => 0);
  power.emit("suspend");
  power.emit("lock-screen");
  expect(wake).not.toHaveBeenCalled();
});
