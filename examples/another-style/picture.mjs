// Gains with their intervals, in two styles, as SVG.
const colours = ['#1d4e89', '#c1121f'];
const [left, width, row] = [250, 380, 34];

/** @param gains For each way the estimate in the style that was learned, and in the other one. */
export function picture(gains) {
  const ends = Object.values(gains).flatMap((pair) => pair.flatMap(({ interval }) => interval));
  const [low, high] = [Math.min(...ends, -0.01), Math.max(...ends, 0.01)];
  const x = (value) => (left + ((value - low) / (high - low)) * width).toFixed(1);
  const height = 70 + Object.keys(gains).length * row;
  const lines = Object.entries(gains).map(([way, pair], index) => {
    const y = 60 + index * row;
    const marks = pair.map(({ mean, interval: [from, to] }, style) => {
      const at = y + style * 10 - 5;
      return `<line x1="${x(from)}" x2="${x(to)}" y1="${at}" y2="${at}" stroke="${colours[style]}" stroke-width="2"/>
<circle cx="${x(mean)}" cy="${at}" r="4" fill="${colours[style]}"/>`;
    });
    return `<text x="${left - 16}" y="${y + 4}" text-anchor="end">${way}</text>\n${marks.join('\n')}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 30} ${height}" font-family="sans-serif" font-size="12">
<title>Accuracy above plain tuning</title>
<rect width="100%" height="100%" fill="white"/>
<text x="16" y="22" font-size="15">Accuracy above plain tuning, with intervals of 95 %</text>
<text x="${left}" y="40" fill="${colours[0]}">in the style that was learned</text>
<text x="${left + 190}" y="40" fill="${colours[1]}">in the other style</text>
<line x1="${x(0)}" x2="${x(0)}" y1="46" y2="${height - 24}" stroke="#999"/>
${lines.join('\n')}
${[low, 0, high].map((value) => `<text x="${x(value)}" y="${height - 8}" text-anchor="middle">${value.toFixed(2)}</text>`).join('\n')}
</svg>
`;
}
