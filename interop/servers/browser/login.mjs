// A person's login in a real browser:  node login.mjs URL
//
// Opens the URL in headless Chromium, fills in login forms (fields `username` and `password`, a button
// `action=login`), agrees on consent pages (a button `action=allow`) and waits until the page at the redirect
// URI is shown. That is the request's `redirect_uri`, or, when the URL has none, any loopback address with
// another port. Prints one JSON object: { url, title, text, steps }. Exits 1 when that page is not reached.
//
//   BROWSER_USER        who logs in (alice)
//   BROWSER_PASSWORD    by default the user's name and "-password"
//   BROWSER_QUERY       added to the URL's query, for example ui=form
//   BROWSER_ANSWER      allow, or deny (the button clicked on the consent page)
//   BROWSER_SCREENSHOT  where pictures go: NAME.png is the last page, NAME-1.png and so on the ones before it
//   BROWSER_TIMEOUT     seconds for the whole walk (60)
//   CHROMIUM            the browser (/usr/bin/chromium)
import { chromium } from 'playwright-core';

const env = process.env;
const user = env.BROWSER_USER ?? 'alice';
const password = env.BROWSER_PASSWORD ?? `${user}-password`;
const consent = env.BROWSER_ANSWER ?? 'allow';
const limit = Number(env.BROWSER_TIMEOUT ?? 60) * 1000;
if (!process.argv[2]) {
  console.error('usage: node login.mjs URL');
  process.exit(2);
}
const address = new URL(process.argv[2]);
for (const [name, value] of new URLSearchParams(env.BROWSER_QUERY ?? '')) address.searchParams.set(name, value);
const redirect = address.searchParams.get('redirect_uri');
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

function hasArrived(url) {
  if (redirect) return url.split(/[?#]/, 1)[0] === redirect.split(/[?#]/, 1)[0];
  const { hostname, host } = new URL(url);
  return LOOPBACK.includes(hostname) && host !== address.host;
}

const deadline = Date.now() + limit;
const browser = await chromium.launch({
  executablePath: env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-dev-shm-usage', // needed as root and in containers
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
const steps = [];
let page;
async function picture(name) {
  if (env.BROWSER_SCREENSHOT) await page.screenshot({ path: env.BROWSER_SCREENSHOT.replace(/(\.png)?$/, `${name}.png`) });
}
try {
  page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 900, height: 700 } });
  page.setDefaultTimeout(10_000);
  await page.goto(address.href);
  while (!hasArrived(page.url())) {
    if (page.url().startsWith('chrome-error:')) throw new Error('the page does not answer');
    if (Date.now() > deadline) throw new Error(`no redirect within ${limit / 1000} s`);
    await page.waitForLoadState('load');
    const login = await page.$('input[name=username]');
    const button = await page.$(`button[name=action][value=${login ? 'login' : consent}]`);
    if (!button) {
      await page.waitForTimeout(50); // a page between two redirects
      continue;
    }
    if (login) {
      await page.fill('input[name=username]', user);
      await page.fill('input[name=password]', password);
    }
    steps.push(login ? 'login' : consent);
    if (steps.length > 5) throw new Error(`going round in circles: ${steps.join(', ')}`);
    await picture(`-${steps.length}`);
    const moved = page.waitForEvent('framenavigated');
    await button.click();
    await moved;
  }
  await page.waitForLoadState('load');
  await picture('');
  if (page.url().startsWith('chrome-error:')) throw new Error('the redirect URI does not answer');
  console.log(JSON.stringify({ url: page.url(), title: await page.title(), text: await page.innerText('body'), steps }));
} catch (cause) {
  console.error(`${cause.message}\nat ${page?.url()} after: ${steps.join(', ') || 'nothing'}`);
  if (page) {
    await picture('-failed').catch(() => {});
    console.error((await page.innerText('body').catch(() => '')).slice(0, 2000));
  }
  process.exitCode = 1;
} finally {
  await browser.close();
}
