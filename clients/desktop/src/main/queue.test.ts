import { expect, it } from "vitest";
import { Queue } from "./queue";

it("runs tasks in order, each after the end of the one before", async () => {
  const queue = new Queue();
  const log: string[] = [];
  let release = () => {};
  const slow = queue.run(async () => {
    log.push("slow begins");
    await new Promise<void>((resolve) => (release = resolve));
    log.push("slow ends");
    return 1;
  });
  const fast = queue.run(async () => log.push("fast"));
  await Promise.resolve();
  expect(log).toEqual(["slow begins"]);
  release();
  expect(await slow).toBe(1);
  await fast;
  expect(log).toEqual(["slow begins", "slow ends", "fast"]);
});

it("runs the next task after one that fails", async () => {
  const queue = new Queue();
  const failing = queue.run(() => Promise.reject(new Error("disk full")));
  const next = queue.run(async () => "done");
  await expect(failing).rejects.toThrow("disk full");
  expect(await next).toBe("done");
});
