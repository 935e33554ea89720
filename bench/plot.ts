/** Draws how much of Milvus was ready when, as SVG, for docs/benchmarks.md. */

import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { availability, type Timeline } from "./timeline";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** One way to upgrade, as it was watched. */
export interface Line {
  readonly name: string;
  readonly timeline: Timeline;
}

const WIDTH = 860;
const HEIGHT = 340;

/** Seconds from the first component that was missing; before it a few seconds of a Milvus that is whole. */
export function availabilityPlot(title: string, lines: readonly Line[]): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      title: { text: title, left: "center", textStyle: { fontSize: 15 } },
      legend: { top: 28 },
      grid: { left: 60, right: 30, top: 64, bottom: 46 },
      xAxis: { type: "value", min: "dataMin", name: "seconds", nameLocation: "middle", nameGap: 28 },
      yAxis: { type: "value", min: 0, max: 100, axisLabel: { formatter: "{value} %" } },
      series: lines.map(({ name, timeline }) => ({
        name,
        type: "line",
        step: "end",
        showSymbol: false,
        lineStyle: { width: 2.5 },
        data: availability(timeline),
      })),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
