import './line-chart.css';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export type Series = { name: string; values: (number | null)[] };

const height = 260;
const seriesColours = 8;
/** Of the time axis: few points would be stretched over years. */
const secondsMin = 60;
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** Lines over time; `times` are Unix seconds. Drawn anew when the colour scheme or the width changes. */
export function LineChart({ times, series, title }: { times: number[]; series: readonly Series[]; title: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const names = series.map(({ name }) => name).join('\n');

  useEffect(() => {
    const host = place.current!;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(host, series), dataOf(times, series), host);
    };
    make();
    const widths = new ResizeObserver(() => plot.current?.setSize({ width: host.clientWidth, height }));
    widths.observe(host);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', make);
    return () => {
      scheme.removeEventListener('change', make);
      widths.disconnect();
      plot.current?.destroy();
    };
  }, [names]);
  useEffect(() => plot.current?.setData(dataOf(times, series)), [times, series]);
  return <div class="line-chart" ref={place} role="img" aria-label={title} />;
}

function dataOf(times: number[], series: readonly Series[]): uPlot.AlignedData {
  return [times, ...series.map(({ values }) => values)];
}

function optionsOf(host: HTMLElement, series: readonly Series[]): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string): string => resolved(style, name);
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
  return {
    width: host.clientWidth,
    height,
    legend: { live: false },
    cursor: { y: false },
    scales: { x: { range: (_, min, max) => [Math.min(min, max - secondsMin), max] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((seconds) => clock.format(seconds * 1_000)), space: 70 },
      { ...axis, size: 55 },
    ],
    series: [
      {},
      ...series.map(({ name }, i) => ({
        label: name,
        stroke: colour(`--series-${(i % seriesColours) + 1}`),
        width: 2,
        dash: i < seriesColours ? undefined : [6, 4],
        spanGaps: false,
      })),
    ] as uPlot.Series[],
  };
}

/** The canvas knows neither variables nor light-dark(): the browser tells what they come to. */
function resolved(style: CSSStyleDeclaration, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = style.getPropertyValue(name);
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
