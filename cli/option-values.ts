import { InvalidArgumentError } from 'commander';
import { parseSpan, spanExamples } from '#domain/keys/spans.ts';

/** Parsers of option values; each refuses with what it expected. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Expected a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}.`);
    return value;
  };
}

export function positiveNumber(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** Words separated by commas. */
export function listOf(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

export function httpUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:') throw new InvalidArgumentError('Expected a URL such as http://localhost:8000.');
  return text;
}

export function spanOfTime(text: string): string {
  if (parseSpan(text) === undefined) throw new InvalidArgumentError(`Expected a span of time such as ${spanExamples}.`);
  return text;
}
