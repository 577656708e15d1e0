"""YOLO11 a sixteenth as wide, saved as the library saves its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.coco import COCO


def build_yolo(folder: Path) -> None:
    """``yolo11n.pt``: boxes of COCO's classes."""
    _save(folder, "yolo11.yaml", "yolo11n.pt", dict(enumerate(COCO)))


def build_yolo_pose(folder: Path) -> None:
    """``yolo11n-pose.pt``: people with seventeen points."""
    _save(folder, "yolo11-pose.yaml", "yolo11n-pose.pt", {0: "person"})


def build_yolo_segment(folder: Path) -> None:
    """``yolo11n-seg.pt``: outlines of COCO's classes."""
    _save(folder, "yolo11-seg.yaml", "yolo11n-seg.pt", dict(enumerate(COCO)))


def _save(folder: Path, config: str, name: str, classes: dict[int, str]) -> None:
    import torch
    import yaml
    from ultralytics import YOLO
    from ultralytics.utils.checks import check_yaml

    torch.manual_seed(0)
    plan: dict[str, Any] = yaml.safe_load(Path(check_yaml(config)).read_text("utf-8"))
    plan["scales"] = {"n": [0.33, 0.0625, 256]}
    plan["nc"] = len(classes)
    path = folder / name.replace(".pt", ".yaml")
    path.write_text(yaml.safe_dump(plan, sort_keys=False), "utf-8")
    network = YOLO(str(path), verbose=False)
    with torch.no_grad():  # else no random box is surer than one in a million
        for head in network.model.model[-1].cv3:
            head[-1].bias.fill_(-1.0)
            head[-1].weight.mul_(20.0)
    network.model.names = classes
    network.save(str(folder / name))
    path.unlink()
