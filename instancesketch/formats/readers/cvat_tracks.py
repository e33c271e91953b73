"""CVAT for video 1.1: tracks of polylines, gathered into the frames that somebody has drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from instancesketch.core.errors import SketchError

_FRAME = re.compile(r"[0-9]{1,9}")


@dataclass
class Element:
    """An image or a polyline: the attributes in its tag, and those in `<attribute>` elements."""

    xml: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Image(Element):
    """An image with its strokes; `error` is the reason for which it is rejected, if any."""

    position: str = ""
    strokes: list[Element] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)  # labels of the image as a whole
    error: str | None = None
    is_frame: bool = False  # of a video
    left_out: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Set the error, and let go of everything that was gathered."""
        self.error, self.strokes, self.values = reason, [], {}


@dataclass
class Task:
    """A task of CVAT, as the file's `<meta>` describes it."""

    id: str = ""
    name: str = ""
    size: dict[str, str] = field(default_factory=dict)  # of its frames: width, height


class Meta:
    """The tasks in a file's `<meta>`."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self._by_id: dict[str, Task] = {}
        self._names: Counter[str] = Counter()

    def start(self, name: str) -> None:
        """Enter an element."""
        if name in ("task", "job"):
            self.tasks.append(Task())

    def end(self, parents: list[str], name: str, text: str) -> None:
        """Leave an element, given the names of those around it."""
        if not self.tasks or not parents:
            return
        task, parent = self.tasks[-1], parents[-1]
        if parent in ("task", "job") and name in ("id", "name"):
            setattr(task, name, text.strip())
            if name == "id":
                self._by_id[task.id] = task
            else:
                self._names[task.name] += 1
        elif parent == "original_size" and name in ("width", "height"):
            task.size[name] = text.strip()

    def find(self, task_id: str | None) -> Task:
        """Return the task of an id, or the file's only one."""
        if task_id is None:
            return self.tasks[0] if self.tasks else Task()
        return self._by_id.get(task_id) or Task(id=task_id)

    def folder(self, task_id: str) -> str:
        """Return the name of a task that no other task of the file has."""
        name = self.find(task_id).name
        if not name:
            return task_id
        return name if self._names[name] == 1 else f"{name}-{task_id}"


class Tracks:
    """The polylines of a file's tracks, by task and frame."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str | None, int], Image] = {}
        self._drawn: set[tuple[str | None, int]] = set()
        self._track: dict[str, str] = {}  # the attributes of the track that is open

    def open(self, attributes: dict[str, str]) -> None:
        """Begin a track."""
        self._track = attributes

    def add(self, name: str, attributes: dict[str, str]) -> Element:
        """Add a shape of the open track, and return its element.

        Raises:
            SketchError: its frame is no number.
        """
        track, number = self._track, attributes.get("frame", "")
        if not _FRAME.fullmatch(number):
            raise SketchError(f"frame {number[:20]!r} of a track is not a whole number from 0")
        stroke = Element({k: v for k, v in attributes.items() if k != "frame"})
        stroke.xml |= {k: track[k] for k in ("label", "group_id") if k in track}
        # From its last keyframe on a track is outside of the picture.
        if attributes.get("outside") == "1":
            return stroke
        key = (track.get("task_id"), int(number))
        if key not in self._frames:
            known = {k: track[k] for k in ("task_id", "subset") if k in track}
            # As CVAT names the frames of a video among images.
            xml = known | {"name": f"frame_{int(number):06d}"}
            self._frames[key] = Image(xml, position=f"frame {int(number)}", is_frame=True)
        # Between keyframes CVAT computes the shapes, which nobody has drawn.
        if attributes.get("keyframe", "1") != "0":
            self._drawn.add(key)
        image = self._frames[key]
        if name != "polyline":
            image.reject(f"the frame has a <{name}>; only polylines are strokes")
        elif not image.error:
            image.strokes.append(stroke)
        return stroke

    def take_frames(self, meta: Meta) -> Iterator[Image]:
        """Yield the frames in which somebody has drawn, in order."""
        left_out = len(self._frames) - len(self._drawn)
        for key in sorted(self._drawn, key=lambda k: (k[0] or "", k[1])):
            image = self._frames[key]
            image.xml |= meta.find(key[0]).size
            if left_out:
                image.left_out, left_out = {"frame between two keyframes": left_out}, 0
            yield image
        self._frames, self._drawn = {}, set()
