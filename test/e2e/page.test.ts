import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findBarriers, openBrowser } from '#test/support/browser.ts';
import type { Stack } from '#test/support/stack.ts';
import { startStack } from '#test/support/stack.ts';
import { waitFor } from '#test/support/servers.ts';

/** The page in a real browser, over a whole stack while the emulator posts. */
let stack: Stack;
let emulator: { stop(): Promise<unknown> };
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained of, and what it asked of others than us. */
const complaints: string[] = [];

before(async () => {
  [stack, browser] = await Promise.all([startStack({ BATCH_INTERVAL_MS: '5000', LANDING_FLUSH_MS: '1000' }), openBrowser()]);
  emulator = stack.pinflowUntilStopped('emulate', '--rate', '20', '--seed', '7');
  context = await browser.newContext({ baseURL: stack.doorUrl, locale: 'en-GB' });
  context.setDefaultTimeout(ms);
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(stack.doorUrl) && !/^(blob|data):/.test(request.url())) complaints.push(`asked ${request.url()}`);
  });
  await waitFor(async () => (await stack.published()) > 20, { what: 'a published interval' });
});
after(async () => {
  await browser.close();
  await emulator.stop();
  await stack.stop();
});

/** Beside other tests all takes longer. */
const ms = 60_000;
const attribute = (name: string, selector: string): Promise<(string | null)[]> =>
  page
    .locator(selector)
    .evaluateAll((nodes, of) => nodes.map((node) => (node as { getAttribute(name: string): string | null }).getAttribute(of)), name);

test('the flow map shows six stations that run, and what flows between them adds up', async () => {
  await page.goto('/');
  await page.locator('.connection[data-state="live"]').waitFor({ timeout: ms });
  await waitFor(async () => (await attribute('data-state', '.station')).join() === 'runs,runs,runs,runs,runs,runs', {
    timeoutMs: 120_000,
    what: 'stations that run',
  });
  await waitFor(async () => (await attribute('data-verdict', '.edge')).join() === 'good,good,good,good,good', {
    timeoutMs: 120_000,
    what: 'edges that add up',
  });
  await waitFor(async () => (await attribute('data-flows', '.edge')).every((flows) => flows === 'true'), {
    timeoutMs: 120_000,
    what: 'all edges to flow',
  });
});

test('a station leads to its view, and the browser comes back', async () => {
  await page.goto('/');
  await page.locator('[data-station="kafka"]').click();
  await page.waitForURL('**/view/offsets');
  await page.goBack();
  await page.locator('[data-station="door"]').waitFor({ timeout: ms });
});

test('offsets: a ruler for each partition, which moves', async () => {
  await page.goto('/view/offsets');
  const ends = page.locator('.ruler h3');
  await ends.first().waitFor({ timeout: ms });
  assert.equal(await ends.count(), 12);
  const before = await ends.allTextContents();
  await waitFor(async () => (await ends.allTextContents()).join() !== before.join(), { what: 'a ruler to move' });
  assert.ok((await page.locator('rect.landed').count()) === 12 && (await page.locator('rect.streamed').count()) === 12);
});

test('intervals: an hour opens to its runs, and the batch is triggered once that is confirmed', async () => {
  await page.goto('/view/intervals');
  await page.locator('a.hour').first().click();
  await page.waitForURL(/\/view\/intervals\/\d{4}-/);
  const complete = page.locator('details.run:has(.swatch[data-state="complete"])').last();
  await complete.locator('summary').click();
  await complete.getByText('Its run in Temporal').waitFor({ timeout: ms });
  assert.match((await complete.getByRole('link').getAttribute('href')) ?? '', /\/namespaces\/default\/workflows\/.*pin-batch%2F\d{4}/);
  await page.getByRole('button', { name: 'Run the batch now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run the batch now' }).click();
  await page.getByText('It was asked').waitFor({ timeout: ms });
  await waitFor(async () => (await stack.manualRuns()) >= 1, { what: 'the run that was asked for' });
});

test('metrics: each of the list has its sentence and its picture, and a link of its own', async () => {
  await page.goto('/view/metrics');
  await page.locator('[data-metric="category_per_minute"] canvas').waitFor({ timeout: ms });
  await page.locator('[data-metric="profile_popularity"] .bars li').first().waitFor({ timeout: ms });
  await page.locator('[data-metric="pins_per_category"] .bars li').first().waitFor({ timeout: ms });
  await page.locator('[data-metric="pins_per_category"] h3 a').click();
  await page.waitForURL('**/view/metrics/pins_per_category');
  const cells = await page.locator('tbody tr').first().locator('td').allTextContents();
  const [row] = await stack.postgres.query<{ pins: number }>('SELECT max(pins) AS pins FROM marts.pins_per_category');
  assert.ok(Number(cells[1]) > 0 && Number(cells[1]) <= row!.pins, cells.join());
});

test('stream: a reader is paused and resumed once that is confirmed', async () => {
  await page.goto('/view/stream');
  const reader = page.locator('[data-reader="stream"]');
  const turn = async (what: string, badge: string): Promise<void> => {
    await reader.getByRole('button', { name: what, exact: true }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: what, exact: true }).click();
    await reader.locator('.badge', { hasText: badge }).waitFor({ timeout: ms });
  };
  await reader.locator('.badge', { hasText: 'reading' }).waitFor({ timeout: ms });
  await turn('Pause', 'paused');
  await page.goto('/');
  await page.locator('[data-station="postgres"][data-state="paused"]').waitFor({ timeout: ms });
  await page.goto('/view/stream');
  await turn('Resume', 'reading');
});

test('events: they come, are searched, and a test pin is followed into Postgres and the lake', async () => {
  await page.goto('/view/events');
  await page.locator('.events li[data-type="record"]').first().waitFor({ timeout: ms });
  await page.getByRole('searchbox').fill('no event has this');
  await page.getByText('None of the last events is like that.').waitFor({ timeout: ms });
  await page.locator('details.send summary').click();
  await page.getByRole('button', { name: 'Send' }).click();
  await waitFor(async () => (await attribute('data-done', '.way li')).join() === 'true,true,true,true', {
    what: 'the pin to be everywhere',
  });
  await page.locator('details.send textarea').fill('{"unique_id": ""}');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('The door refused it').waitFor({ timeout: ms });
});

test('SQL: an example answers, a mistake is said in the engine’s words, and the link keeps the statement', async () => {
  await page.goto('/view/sql');
  await page.getByRole('button', { name: 'Posts by category' }).click();
  await page.locator('.result tbody tr').first().waitFor({ timeout: ms });
  assert.match(page.url(), /\?sql=SELECT/);
  await page.getByRole('button', { name: 'Draw it' }).click();
  await page.locator('.result .bars li').first().waitFor({ timeout: ms });
  await page.locator('.cm-content').fill('SELECT nope FROM pins');
  await page.keyboard.press('Control+Enter');
  await page.getByText(/nope/).and(page.locator('.problem p')).first().waitFor({ timeout: ms });
});

/** Whether nothing is wider than the window. */
function fits(): Promise<boolean> {
  return page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } };
    return document.documentElement.scrollWidth <= document.documentElement.clientWidth;
  });
}

for (const path of ['/', '/view/offsets', '/view/intervals', '/view/metrics', '/view/stream', '/view/events', '/view/sql'])
  test(`${path} keeps nobody out, light or dark, and fits a phone`, async () => {
    await page.goto(path);
    await page.locator('main :is(.card, .station, .bars, .editor, .events)').first().waitFor({ timeout: ms });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findBarriers(page), [], colorScheme);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    // Charts follow a moment later.
    await waitFor(fits, { what: `${path} to fit a phone` });
    await page.setViewportSize({ width: 1_280, height: 800 });
  });

test('a view that is not there says so; a door that is gone is said, and found again', async () => {
  await page.goto('/view/nowhere');
  await page.getByText('There is no such view').waitFor({ timeout: ms });
  await page.goto('/');
  await page.locator('.connection[data-state="live"]').waitFor({ timeout: ms });
  stack.killHard('api');
  await page.locator('.connection[data-state="lost"]').waitFor({ timeout: ms });
  await page.locator('.connection[data-state="live"]').waitFor({ timeout: ms });
});

test('the browser had nothing to complain of, and asked nobody else', () => {
  // What the tests did on purpose: a statement that is wrong, a pin that is refused, a door that was killed.
  const meant = /422|Failed to load resource: net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/;
  assert.deepEqual(
    complaints.filter((text) => !meant.test(text)),
    [],
  );
});
