import type { Account, Edge } from '#domain/answers/flow.ts';
import { rateText, wholeText } from '#web/parts/format.ts';

/** One more pixel each time the rate doubles: from a record a second to a hundred thousand. */
function thicknessOf(perSecond: number): number {
  return perSecond <= 0 ? 1 : Math.round(Math.min(20, 2 + Math.log2(1 + perSecond)));
}

export function EdgeLine({ edge: { from, to, perSecond, account } }: { edge: Edge }) {
  const verdict = account === null ? 'unknown' : account.difference === 0 ? 'good' : 'bad';
  return (
    <div class="edge" data-edge={`${from}-${to}`} data-verdict={verdict} data-flows={perSecond !== null && perSecond > 0}>
      <span class="rate">{perSecond === null ? '…' : rateText(perSecond)}</span>
      <span class="line" style={{ '--thick': `${thicknessOf(perSecond ?? 0)}px` }} aria-hidden="true" />
      {account === null ? null : <AccountText account={account} />}
    </div>
  );
}

/** The sum, with only what is not 0. */
function AccountText({ account }: { account: Account }) {
  const parts = (['out', 'rejected', 'duplicates', 'waiting', 'gaps'] as const).filter((name) => name === 'out' || account[name] !== 0);
  return (
    <span class="account" title={`Over ${account.over}`}>
      {wholeText(account.in)} in = {parts.map((name) => `${wholeText(account[name])} ${name}`).join(' + ')}
      {account.difference === 0 ? null : <strong> and {wholeText(account.difference)} that do not add up</strong>}
    </span>
  );
}
