import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { delimiter, join } from 'node:path';
import packed from '@sparticuz/chromium';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { callerEnvironment } from '#adapters/config.ts';

const startMs = 90_000;
const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * A headless Chromium: the machine's, else the one that a package ships.
 * @throws Error that says what to install where neither starts.
 */
export async function openBrowser(): Promise<Browser> {
  const own = findCommand();
  try {
    return own === undefined
      ? await chromium.launch({ executablePath: await packed.executablePath(), args: packed.args, timeout: startMs })
      : await chromium.launch({ executablePath: own, args: ['--no-sandbox'], timeout: startMs });
  } catch (cause) {
    const missing = /lib[\w.+-]+\.so[\w.]*/.exec((cause as Error).message)?.[0];
    throw new Error(
      missing === undefined
        ? `No Chromium starts here: put one on the PATH (on Debian: apt-get install chromium). ${(cause as Error).message}`
        : `The Chromium of the packages misses ${missing}: install one with its libraries (on Debian: apt-get install chromium).`,
      { cause },
    );
  }
}

function findCommand(): string | undefined {
  const folders = (callerEnvironment()['PATH'] ?? '').split(delimiter);
  return folders
    .flatMap((folder) => commands.map((name) => join(folder, name)))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe finds that keeps people out: rules of WCAG 2.1 A and AA that are broken seriously, with the elements. */
export async function findBarriers(page: Page): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    type Found = { violations: { id: string; impact: string | null; nodes: { target: unknown[] }[] }[] };
    const { axe: checker } = globalThis as unknown as { axe: { run: (where: unknown, options: object) => Promise<Found> } };
    const { violations } = await checker.run('body', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map(({ target }) => target.join(' '))
            .slice(0, 5)
            .join(', ')}`,
      );
  });
}
