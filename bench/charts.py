"""The results as charts, drawn by Vega-Lite without a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vl_convert

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
QUESTION = {"field": "question", "type": "nominal", "sort": None}


def draw_chart(spec: Mapping[str, Any]) -> str:
    """Return a Vega-Lite specification as SVG."""
    whole = {"$schema": SCHEMA, "background": "white", **spec}
    return vl_convert.vegalite_to_svg(whole, allowed_base_urls=[])


def chart_comparison(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bar for each contender that did all models: seconds, and memory beside it."""
    rows = [
        {
            "contender": name,
            "seconds": row["seconds"],
            "peak_mb": row["peak_mb"],
            "label": f"{row['seconds']:.1f} s"
            + (f", x {row['ratio']:.2f}" if row["ratio"] else ""),
            "memory": f"{row['peak_mb']:.0f} MB",
        }
        for name, row in result["contenders"].items()
        if row["models"] == result["models"]
    ]
    return {
        "title": f"{result['models']:,} models, {result['grants']:,} grants",
        "data": {"values": rows},
        "hconcat": [_bars("seconds", "seconds", "label"), _bars("peak_mb", "peak MB", "memory")],
    }


def _bars(field: str, title: str, label: str) -> dict[str, Any]:
    return {
        "width": 360,
        "encoding": {
            "y": {"field": "contender", "type": "nominal", "sort": None, "title": None},
            "x": {"field": field, "type": "quantitative", "title": title},
        },
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "color": {
                        "condition": {"test": "datum.contender == 'tierflow'", "value": "#2f6f8f"},
                        "value": "#b8c4cc",
                    }
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {"text": {"field": label, "type": "nominal"}},
            },
        ],
    }


def chart_scaling(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds and the latencies over the models, all on logarithmic scales."""
    sizes = result["sizes"]
    seconds = [{"models": size["models"], "seconds": size["seconds"]} for size in sizes]
    latencies = [
        {"models": size["models"], "question": question, "ms": row["p99_ms"]}
        for size in sizes
        for question, row in size["latencies"].items()
    ]
    return {
        "title": "tierflow migrate, and what applications ask after it",
        "hconcat": [
            _lines(seconds, "seconds", "seconds of tierflow migrate", {}),
            _lines(
                latencies,
                "ms",
                "p99 in ms",
                {"color": {**QUESTION, "legend": {"labelLimit": 300}}},
            ),
        ],
    }


def _lines(
    rows: list[dict[str, Any]], field: str, title: str, more: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "width": 320,
        "height": 280,
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "models", "type": "quantitative", "scale": {"type": "log"}},
            "y": {
                "field": field,
                "type": "quantitative",
                "scale": {"type": "log"},
                "title": title,
            },
            **more,
        },
    }
