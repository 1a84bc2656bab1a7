// Signs in with Chromium at a real OpenID Connect provider and at the sandbox's
// Atlassian. Both are on "localhost" and the server is on 127.0.0.1, so they are
// different sites.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { CHROMIUM, SERVER, PERSON, ACCOUNT_ID, CLOUD_ID } = process.env;

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
});
after(() => browser?.close());

/** A person's browser, without any cookies. */
async function person(t) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  t.after(() => context.close());
  return context;
}

/** Sends a request as the app's own page would. */
const post = (page, path, body = {}) =>
  page.evaluate(
    async ([path, body]) => {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin" });
      return { status: answer.status, ...(await answer.json()) };
    },
    [path, body],
  );

/** Does what leads back to the app, and returns the address that it was sent to. The page tidies its own address. */
async function landing(page, act) {
  const inApp = (url) => url.origin === SERVER && !url.pathname.startsWith("/api/");
  const arrived = page.waitForResponse((response) => response.request().isNavigationRequest() && response.ok() && inApp(new URL(response.url())));
  await act();
  const response = await arrived;
  await page.waitForURL(inApp); // until it has loaded
  return new URL(response.url());
}

/** Signs in at oidc-provider's pages, up to its question about the app. */
async function logInAtProvider(page, login) {
  await page.goto(`${SERVER}/api/auth/login/oidc?next=${encodeURIComponent("/?view=week")}`);
  await page.fill("[name=login]", login);
  await page.fill("[name=password]", "any");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Continue");
}

async function signInAtProvider(page, login = PERSON) {
  await logInAtProvider(page, login);
  return landing(page, () => page.click("text=Continue"));
}

async function signInAtAtlassian(page) {
  await page.goto(`${SERVER}/api/auth/login/atlassian`);
  return acceptAtAtlassian(page);
}

async function acceptAtAtlassian(page) {
  await page.selectOption("[name=account_id]", ACCOUNT_ID);
  await page.selectOption("[name=site]", CLOUD_ID);
  return landing(page, () => page.click("text=Accept"));
}

/** Starts another origin. On 127.0.0.1 it is the same site as the server, on localhost another site. */
async function otherOrigin(t, handle) {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${server.address().port}`;
}

const emptyPage = (_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>Another page</title>");

/** Runs in a page: sends a form, which needs no permission of the target. */
const submitForm = ([action, enctype, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action, enctype });
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
};

test("a person who has signed in with OpenID Connect stays signed in after a reload", async (t) => {
  const page = await (await person(t)).newPage();
  const landed = await signInAtProvider(page);
  assert.equal(landed.search, "?view=week");
  await page.reload();
  const first = await post(page, "/api/auth/refresh");
  assert.equal(first.status, 200);
  assert.equal(first.user_id, ACCOUNT_ID);
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read the session");
  const stored = JSON.stringify(await page.context().storageState({ indexedDB: true }).then((state) => state.origins));
  assert.ok(!stored.includes(first.access_token) && !stored.includes("cwr_"), stored);
});

test("a person who has signed in with Atlassian stays signed in after a reload", async (t) => {
  const page = await (await person(t)).newPage();
  await signInAtAtlassian(page);
  await page.reload();
  assert.equal((await post(page, "/api/auth/refresh")).user_id, ACCOUNT_ID);
});

test("two tabs that repeatedly renew at the same time stay signed in", async (t) => {
  const context = await person(t);
  const one = await context.newPage();
  await signInAtAtlassian(one);
  const other = await context.newPage();
  await other.goto(SERVER);
  for (let round = 0; round < 25; round++) { // the server allows 60 a minute
    const answers = await Promise.all([post(one, "/api/auth/refresh"), post(other, "/api/auth/refresh")]);
    assert.deepEqual(answers.map(({ status, user_id }) => [status, user_id]), [[200, ACCOUNT_ID], [200, ACCOUNT_ID]]);
  }
});

test("a renewal whose answer is lost does not sign the person out", async (t) => {
  const page = await (await person(t)).newPage();
  await signInAtAtlassian(page);
  let status;
  // With its own query, because the page also renews its session when it opens.
  await page.route("**/api/auth/refresh?lost", async (route) => {
    const written = await fetch(`${SERVER}/api/auth/refresh`, { method: "POST", headers: await route.request().allHeaders(), body: "{}" });
    status = written.status;
    await route.abort();
  }, { times: 1 });
  await assert.rejects(post(page, "/api/auth/refresh?lost"));
  assert.equal(status, 200);
  assert.equal((await post(page, "/api/auth/refresh")).status, 200);
});

test("an address that is not verified signs nobody in", async (t) => {
  const page = await (await person(t)).newPage();
  const landed = await signInAtProvider(page, `unverified ${PERSON}`);
  assert.equal(landed.searchParams.get("signin"), "EMAIL_NOT_VERIFIED");
  assert.equal((await post(page, "/api/auth/refresh")).status, 401);
});

test("a person who cancels at the provider is not signed in", async (t) => {
  const page = await (await person(t)).newPage();
  await logInAtProvider(page, PERSON);
  const landed = await landing(page, () => page.click("text=Cancel"));
  assert.equal(landed.searchParams.get("signin"), "SIGNIN_DENIED");
});

test("a sign-in in a second tab does not end the first", async (t) => {
  const context = await person(t);
  const first = await context.newPage();
  await first.goto(`${SERVER}/api/auth/login/atlassian`);
  const second = await context.newPage();
  await second.goto(`${SERVER}/api/auth/login/atlassian`);
  for (const page of [first, second]) {
    const landed = await acceptAtAtlassian(page);
    assert.equal(landed.searchParams.get("signin"), null);
  }
  for (const page of [first, second]) assert.equal((await post(page, "/api/auth/refresh")).status, 200);
});

test("a callback in another browser signs nobody in", async (t) => {
  const attacker = await (await person(t)).newPage();
  await attacker.goto(`${SERVER}/api/auth/login/atlassian`);
  const consented = await attacker.context().request.post(attacker.url(), { form: { decision: "accept", account_id: ACCOUNT_ID, site: CLOUD_ID }, maxRedirects: 0 });
  const callback = consented.headers().location;
  assert.ok(callback.startsWith(`${SERVER}/api/auth/callback?`), callback);

  const victim = await (await person(t)).newPage();
  const landed = await landing(victim, () => victim.goto(callback));
  assert.equal(landed.searchParams.get("signin"), "SIGNIN_EXPIRED");
  assert.equal((await post(victim, "/api/auth/refresh")).status, 401);
});

test("a cookie that another origin has set is refused", async (t) => {
  const page = await (await person(t)).newPage();
  await signInAtAtlassian(page);
  const sibling = await page.context().newPage();
  await sibling.goto(await otherOrigin(t, emptyPage));
  await sibling.evaluate(() => (document.cookie = "cw_session=planted; path=/api/auth/refresh"));
  assert.deepEqual(await post(page, "/api/auth/refresh").then(({ status, error }) => [status, error]), [400, "SESSION_AMBIGUOUS"]);
});

test("pages of other origins cannot use the session", async (t) => {
  const page = await (await person(t)).newPage();
  await signInAtAtlassian(page);
  const challenge = createHash("sha256").update("a verifier").digest("base64url");
  const allow = { client_id: "desktop", redirect_uri: "http://127.0.0.1:9/callback", state: "state-of-an-attacker", code_challenge: challenge, code_challenge_method: "S256", user_id: ACCOUNT_ID, decision: "allow" };
  const origin = await otherOrigin(t, emptyPage);
  const sibling = await page.context().newPage();
  for (const from of [origin, origin.replace("127.0.0.1", "localhost")]) {
    for (const [path, type, fields] of [
      ["/api/auth/logout", "text/plain", { '{"everywhere":true,"x":"': '"}' }],
      ["/api/auth/refresh", "text/plain", { '{"x":"': '"}' }],
      ["/login", "text/plain", { '{"username":"emily","password":"clockwork","session":"cookie","x":"': '"}' }],
      ["/api/auth/authorize", "application/x-www-form-urlencoded", allow],
    ]) {
      await sibling.goto(from);
      const answered = sibling.waitForResponse(SERVER + path);
      await sibling.evaluate(submitForm, [SERVER + path, type, fields]);
      const status = (await answered).status();
      assert.ok(status === 403 || status === 415, `${from} ${path}: ${status}`);
      await sibling.waitForURL(SERVER + path); // closing or navigating the tab before that can hang Chromium
    }
  }
  assert.equal((await post(page, "/api/auth/refresh")).user_id, ACCOUNT_ID, "still signed in, as the same person");
});

test("an app signs in through the browser", async (t) => {
  const context = await person(t);
  await signInAtAtlassian(await context.newPage());
  let arrived;
  const callback = new Promise((resolve) => (arrived = resolve));
  const app = await otherOrigin(t, (request, answer) => {
    if (request.url.startsWith("/callback")) arrived(new URL(request.url, "http://app").searchParams);
    answer.end("You can close this window.");
  });
  const verifier = randomBytes(32).toString("base64url");
  const redirect = `${app}/callback`;
  const ask = new URLSearchParams({ client_id: "desktop", redirect_uri: redirect, state: "state-of-the-app", code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256" });
  const page = await context.newPage();
  await page.goto(`${SERVER}/api/auth/authorize?${ask}`);
  await page.click("button[value=allow]");
  const back = await callback;
  assert.equal(back.get("state"), "state-of-the-app");
  assert.equal(back.get("iss"), SERVER);
  const answer = await fetch(`${SERVER}/api/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ grant_type: "authorization_code", code: back.get("code"), code_verifier: verifier, redirect_uri: redirect, client_id: "desktop" }),
  });
  const tokens = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(tokens));
  assert.equal(tokens.user_id, ACCOUNT_ID);
  assert.match(tokens.refresh_token, /^cwr_/);
});
