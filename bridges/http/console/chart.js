// Lines over time, drawn by uPlot. The picture is for those who look; a sentence below it says the same.
import {h} from './dom.js';

const clock = new Intl.DateTimeFormat('en-GB', {timeStyle: 'medium'});

/** What a custom property of the style sheet comes to in the present scheme. */
function colour(name) {
  document.documentElement.style.outlineColor = `var(${name})`;
  return getComputedStyle(document.documentElement).outlineColor;
}

/** A figure with its own life: update(columns, sentence) redraws it. `lines`: [{label, colour: '--name'}] */
export function chart(title, lines, unit) {
  const box = h('div', {class: 'canvas', 'aria-hidden': 'true'});
  const sentence = h('p', {class: 'muted'});
  const figure = h('figure', {'data-keep': '', 'data-key': title}, h('figcaption', {}, title), box, sentence);
  let plot = null;
  let dark = null;
  const scheme = matchMedia('(prefers-color-scheme: dark)');

  function build(columns) {
    plot?.destroy();
    dark = scheme.matches;
    const axis = {stroke: colour('--muted'), grid: {stroke: colour('--line'), width: 1}, ticks: {show: false}, font: '12px system-ui', size: 44};
    plot = new globalThis.uPlot({
      width: Math.max(200, box.clientWidth), height: 160, legend: {show: false}, cursor: {show: false},
      scales: {x: {range: (_, first, last) => [Math.min(first, last - 60), last]}, y: {range: (_, low, high) => [0, Math.max(1, high * 1.1)]}},
      axes: [{...axis, size: 28, space: 80, values: (_, ticks) => ticks.map((tick) => clock.format(tick * 1000))}, axis],
      series: [{}, ...lines.map((line) => ({label: line.label, stroke: colour(line.colour), width: 2, points: {show: false}}))],
    }, columns, box);
  }

  return {
    figure,
    update(columns) {
      const current = columns.slice(1).map((values, i) => `${lines[i].label} ${Math.round((values.at(-1) ?? 0) * 10) / 10}${unit}`);
      sentence.textContent = columns[0].length ? `Now: ${current.join(', ')}.` : 'The first figures come in a moment.';
      if (!box.isConnected || !box.clientWidth) return;
      if (!plot || dark !== scheme.matches) build(columns);
      else plot.setData(columns);
      if (plot.width !== box.clientWidth) plot.setSize({width: box.clientWidth, height: 160});
    },
  };
}
