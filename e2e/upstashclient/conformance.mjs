// Runs commands of the official @upstash/redis client against the REST API at
// UPSTASH_REDIS_REST_URL and checks the results. It prints a line for each check that
// succeeds; the first failure ends the program with status 1.
import assert from "node:assert/strict";
import { Redis } from "@upstash/redis";

// By default the client joins the commands of one tick into a pipeline, even a single
// one. Without that, each command is a POST of its own.
const options = { enableTelemetry: false, retry: false, enableAutoPipelining: false };
const redis = Redis.fromEnv(options);
const plain = Redis.fromEnv({ ...options, responseEncoding: false });
const raw = Redis.fromEnv({ ...options, automaticDeserialization: false });

const checks = {
  async "strings and json"() {
    assert.equal(await redis.get("none"), null);
    assert.equal(await redis.set("s", "text"), "OK");
    assert.equal(await redis.get("s"), "text");
    const value = { a: [1, null, { b: "ü" }], c: "d,e\n\"f\"", t: true };
    await redis.set("json", value);
    assert.deepEqual(await redis.get("json"), value);
    assert.equal(await raw.get("json"), JSON.stringify(value));
    assert.deepEqual(await redis.mget("s", "none", "json"), ["text", null, value]);
    assert.equal(await redis.mset({ m1: 1, m2: "two" }), "OK");
    assert.deepEqual(await redis.mget("m1", "m2"), [1, "two"]);
    assert.equal(await redis.exists("s", "json", "none"), 2);
    assert.equal(await redis.del("s", "none"), 1);
    await redis.set("b", true);
    assert.equal(await redis.get("b"), true);
    assert.equal(await redis.append("m2", "!"), 4);
    assert.equal(await redis.strlen("m2"), 4);
    assert.equal(await redis.getdel("m2"), "two!");
  },
  async "options of set"() {
    assert.equal(await redis.set("nx", "1", { nx: true, ex: 100 }), "OK");
    assert.equal(await redis.set("nx", "2", { nx: true }), null);
    assert.equal(await redis.set("nx", "3", { get: true }), 1);
    assert.equal(await redis.set("absent", "1", { xx: true }), null);
  },
  async "expiry"() {
    await redis.set("e", "v", { ex: 600 });
    const ttl = await redis.ttl("e");
    assert.ok(ttl > 570 && ttl <= 600, `ttl ${ttl}`);
    assert.equal(await redis.expire("e", 10, "GT"), 0);
    assert.equal(await redis.expire("e", 1000), 1);
    assert.ok((await redis.pttl("e")) > 970_000);
    assert.equal(await redis.persist("e"), 1);
    assert.equal(await redis.ttl("e"), -1);
    assert.equal(await redis.ttl("none"), -2);
    await redis.set("short", "v", { px: 30 });
    while ((await redis.get("short")) !== null); // ends before the timeout of a check
  },
  async "counters"() {
    assert.equal(await redis.incr("n"), 1);
    assert.equal(await redis.incrby("n", 41), 42);
    assert.equal(await redis.decr("n"), 41);
    assert.equal(await redis.incrbyfloat("f", 1.5), 1.5);
    assert.equal(await redis.get("n"), 41);
    await redis.set("big", "9007199254740993");
    assert.equal(await redis.get("big"), "9007199254740993");
  },
  async "hashes"() {
    assert.equal(await redis.hset("h", { a: 1, b: { c: "d" }, e: "text" }), 3);
    assert.deepEqual(await redis.hgetall("h"), { a: 1, b: { c: "d" }, e: "text" });
    assert.equal(await redis.hgetall("none"), null);
    assert.equal(await redis.hget("h", "e"), "text");
    assert.deepEqual(await redis.hmget("h", "a", "none"), { a: 1, none: null });
    assert.equal(await redis.hincrby("h", "a", 2), 3);
    assert.equal(await redis.hlen("h"), 3);
    assert.equal(await redis.hexists("h", "b"), 1);
    assert.deepEqual((await redis.hkeys("h")).sort(), ["a", "b", "e"]);
    assert.equal(await redis.hdel("h", "a", "none"), 1);
  },
  async "sets"() {
    assert.equal(await redis.sadd("set", "a", "b", "c"), 3);
    assert.deepEqual((await redis.smembers("set")).sort(), ["a", "b", "c"]);
    assert.equal(await redis.sismember("set", "a"), 1);
    assert.deepEqual(await redis.smismember("set", ["a", "x"]), [1, 0]);
    assert.equal(await redis.srem("set", "a", "x"), 1);
    assert.equal(await redis.scard("set"), 2);
    assert.deepEqual(await redis.smembers("none"), []);
  },
  async "lists and sorted sets"() {
    assert.equal(await redis.rpush("l", "a", { b: 1 }, 3), 3);
    assert.deepEqual(await redis.lrange("l", 0, -1), ["a", { b: 1 }, 3]);
    assert.equal(await redis.lpop("l"), "a");
    assert.equal(await redis.zadd("z", { score: 2, member: "two" }, { score: 1, member: "one" }), 2);
    assert.deepEqual(await redis.zrange("z", 0, -1, { withScores: true }), ["one", 1, "two", 2]);
    assert.equal(await redis.zscore("z", "two"), 2);
  },
  async "streams"() {
    const id = await redis.xadd("stream", "*", { a: "b" });
    assert.match(id, /^\d+-\d+$/);
    assert.deepEqual(await redis.xrange("stream", "-", "+"), { [id]: { a: "b" } });
  },
  async "scan"() {
    await redis.set("scan:1", "x");
    let cursor = "0";
    const seen = [];
    do {
      const [next, keys] = await redis.scan(cursor, { match: "scan:*" });
      cursor = next;
      seen.push(...keys);
    } while (cursor !== "0");
    assert.deepEqual(seen, ["scan:1"]);
  },
  async "text of every kind, as base64 and plain"() {
    const texts = ["naïve 日本語 😀", "<a href='x'>&</a>", "a/b?c=d#e%20", " spaces ", "", "OK", "T0s=", "line\nbreak\ttab", "\u2028"];
    for (const text of texts) {
      await redis.set("text", text);
      assert.equal(await raw.get("text"), text);
      assert.equal(await plain.get("text"), text);
      assert.deepEqual(await redis.hset("texts", { [text || "empty"]: "v" }) >= 0, true);
    }
    assert.deepEqual(Object.keys(await redis.hgetall("texts")).sort(), texts.map((t) => t || "empty").sort());
    const long = "0123456789é".repeat(100_000);
    await redis.set("long", long);
    assert.equal(await redis.get("long"), long);
  },
  async "pipeline"() {
    const p = redis.pipeline();
    p.set("p", { a: 1 }).get("p").get("none").incr("pn").mget("p", "none").smembers("set");
    const got = await p.exec();
    assert.deepEqual(got.slice(0, 5), ["OK", { a: 1 }, null, 1, [{ a: 1 }, null]]);
    await assert.rejects(redis.pipeline().set("p", "x").incr("p").exec(), /Command 2 \[ incr \] failed: ERR value is not an integer/);
    const kept = await redis.pipeline().get("p").incr("p").exec({ keepErrors: true });
    assert.equal(kept[0].result, "x");
    assert.match(kept[1].error, /^ERR value is not an integer/);
  },
  async "automatic pipelining"() {
    const auto = Redis.fromEnv({ ...options, enableAutoPipelining: true });
    assert.deepEqual(await Promise.all([auto.set("ap", 1), auto.incr("ap")]), ["OK", 2]);
    assert.deepEqual(await Promise.all([auto.get("ap"), auto.exists("ap")]), [2, 1]); // the client sends reads in a request of their own
    await assert.rejects(auto.lpush("ap", "x"), /Command failed: WRONGTYPE/);
  },
  async "multi"() {
    const got = await redis.multi().set("t", 1).incr("t").get("t").exec();
    assert.deepEqual(got, ["OK", 2, 2]);
    await assert.rejects(redis.multi().set("t", "x").lpush("t", "y").exec(), /Command 2 \[ lpush \] failed: WRONGTYPE/);
    assert.equal(await redis.get("t"), "x");
  },
  async "scripts"() {
    assert.deepEqual(await redis.eval("return {1, 'a', {2, {'b'}}, false}", [], []), [1, "a", [2, ["b"]], null]);
    assert.equal(await redis.eval("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])", ["ev"], ["v"]), "v");
    const sha = await redis.scriptLoad("return ARGV[1]");
    assert.equal(await redis.evalsha(sha, [], ["x"]), "x");
    assert.deepEqual(await redis.scriptExists(sha), [1]);
    await assert.rejects(redis.evalsha("0".repeat(40), [], []), /NOSCRIPT/);
    assert.equal(await redis.createScript("return ARGV[1]").exec([], ["y"]), "y");
  },
  async "errors"() {
    await redis.set("str", "x");
    await assert.rejects(redis.lpush("str", "y"), /WRONGTYPE Operation against a key holding the wrong kind of value, command was: \["lpush","str","y"\]/);
    await assert.rejects(redis.exec(["NOSUCHCOMMAND"]), /ERR unknown command/);
    await assert.rejects(redis.exec(["BLPOP", "l", 1]), /ERR Command is not available: 'BLPOP'/);
    const stranger = new Redis({ ...options, url: process.env.UPSTASH_REDIS_REST_URL, token: "wrong" });
    await assert.rejects(stranger.get("str"), /WRONGPASS invalid or missing auth token/);
  },
  async "publish and subscribe"() {
    assert.equal(await redis.publish("nobody", "x"), 0);
    const messages = [{ a: "b,c", d: 'say "e"' }, "one,two,,three", "ünï 😀", 7];
    const sub = redis.subscribe("chat");
    const got = await collect(sub, "subscribe", "message", messages.length, async () => {
      for (const m of messages) assert.equal(await redis.publish("chat", m), 1);
    });
    assert.deepEqual(got, messages.map((message) => ({ channel: "chat", message })));
    await sub.unsubscribe();
  },
  async "subscribe to a pattern"() {
    const sub = redis.psubscribe("user:*");
    const got = await collect(sub, "psubscribe", "pmessage", 2, async () => {
      await redis.publish("elsewhere", { no: 1 });
      await redis.publish("user:7", { a: "b,c" });
      await redis.publish("user:8", ["x"]);
    });
    assert.deepEqual(got, [
      { pattern: "user:*", channel: "user:7", message: { a: "b,c" } },
      { pattern: "user:*", channel: "user:8", message: ["x"] },
    ]);
    await sub.unsubscribe();
  },
};

// collect waits for the confirmation, publishes, and returns the first events.
function collect(sub, confirmation, event, count, publish) {
  return new Promise((resolve, reject) => {
    const got = [];
    sub.on("error", reject);
    sub.on(confirmation, () => publish().catch(reject));
    sub.on(event, (e) => {
      got.push(e);
      if (got.length === count) resolve(got);
    });
  });
}

for (const [name, check] of Object.entries(checks)) {
  await Promise.race([
    check(),
    new Promise((_, reject) => setTimeout(() => reject(new Error("took over 30 s")), 30_000).unref()),
  ]).catch((error) => {
    console.error(`not ok ${name}`, error);
    process.exit(1);
  });
  console.log(`ok ${name}`);
}
process.exit(0);
