// Learning curves as text and as SVG.
const colours = ['#0b6e4f', '#c1121f', '#1d4e89'];

/** A line of blocks for each curve, from 0.4 to 1, with its first and last number. */
export function curves(results) {
  const blocks = ' ▁▂▃▄▅▆▇█';
  const block = (value) => blocks[Math.max(0, Math.min(8, Math.round(((value - 0.4) / 0.6) * 8)))];
  const width = Math.max(...Object.keys(results).map((name) => name.length));
  return Object.entries(results)
    .map(
      ([name, values]) =>
        `   ${name.padEnd(width)}  ${values[0].toFixed(2)} ${values.map(block).join('')} ${values.at(-1).toFixed(2)}`,
    )
    .join('\n');
}

/** The curves as an SVG picture. */
export function chart(results, title) {
  const [width, height, left, top] = [640, 360, 48, 40];
  const [plotWidth, plotHeight] = [width - left - 170, height - top - 48];
  const epochs = Math.max(...Object.values(results).map((values) => values.length)) - 1;
  const x = (epoch) => left + (epoch / epochs) * plotWidth;
  const y = (value) => top + (1 - (value - 0.4) / 0.6) * plotHeight;
  const grid = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map(
    (value) => `<line x1="${left}" x2="${left + plotWidth}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>
<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(1)}</text>`,
  );
  const lines = Object.entries(results).map(([name, values], index) => {
    const points = values
      .map((value, epoch) => `${x(epoch).toFixed(1)},${y(Math.max(0.4, value)).toFixed(1)}`)
      .join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colours[index]}" stroke-width="2.5"/>
<text x="${left + plotWidth + 10}" y="${top + 16 + index * 20}" fill="${colours[index]}">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${left}" y="22" font-size="15">${title}</text>
${grid.join('\n')}
<text x="${left + plotWidth / 2}" y="${height - 12}" text-anchor="middle">epoch</text>
<text x="14" y="${top + plotHeight / 2}" text-anchor="middle" transform="rotate(-90 14 ${top + plotHeight / 2})">area under the ROC curve</text>
${lines.join('\n')}
</svg>
`;
}
