"""The drawings that the default model is trained on and measured on, by what they are there for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from experiments.plain import Pool, own_names, read_corpus
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, SCENE, UNLABELED, Taxonomy
from instancesketch.models.packing import Batch, pack
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.crops import crop_objects

TAXONOMY = Taxonomy.load("default")
SEVEN = Taxonomy.load("doodle7").category_names
FOLDS = 5
UNSEEN = 20  # percent of the words of `other` that are never trained on
# Shares of categories among an epoch's generated drawings: the harder, the more.
SHARES = {
    "4leg": 0.3, "2leg": 0.22, "car": 0.14, "flower": 0.12, "sun": 0.08, "tree": 0.09,
    "cloud": 0.05,
}  # fmt: skip
# The corpora that a source's drawings are in besides the labelled ones.
_SOURCES = {"qd": ("quickdraw", "cats"), "sp": ("semantic-parts",), "cbsc": ()}
_SCENES = SceneConfig(fewest=2, most=6, middle=3.0, own_share=0.6, taxonomy="default")
# Columns of what a model learns from.
_HASHED = ["sketch_id", "category", "split", "x", "y", "stroke_len", "part", "instance"]
_SCENE_DRAWINGS = 2_500  # of each corpus that scenes are composed of


@dataclass(frozen=True, kw_only=True)
class Data:
    """The locations of the corpora, and what is read of them."""

    real: str  # labelled by hand
    generated: str = ""  # by `synth drawings`
    spg: str = ""  # ingested with `--taxonomy default`
    words: tuple[str, ...] = ()  # with a word for each drawing, and no other label

    @cached_property
    def real_table(self) -> pa.Table:
        """Return the drawings labelled by hand."""
        return read_corpus(self.real)

    @cached_property
    def description(self) -> dict[str, dict[str, Any]]:
        """Return the number of drawings and the digest of each corpus, by its folder's name."""
        tables = {self.real: self.real_table, self.generated: self.generated_table}
        tables |= {corpus: read_corpus(corpus) for corpus in (self.spg, *self.words)}
        return {
            corpus.rstrip("/").rpartition("/")[2]: {"drawings": len(t), "blake2b": digest(t)}
            for corpus, t in tables.items()
        }

    def held_out_masks(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return masks over the rows of the real drawings by name, as `fold-0` and `source-qd`."""
        return held_out_masks(self.real_table)

    @cached_property
    def _reported(self) -> set[str]:
        """Return the ids of drawings that are measured on: those labelled by hand, SPG's valid."""
        known = set(own_names(self.real_table))
        # The labelled corpus prefixes a drawing's name with its source.
        known |= {name.partition("-")[2] for name in known}
        return known | set(self.spg_table("valid")["sketch_id"].to_pylist())

    def spg_table(self, split: str) -> pa.Table:
        """Return SPG's drawings of an official split."""
        table = read_corpus(self.spg)
        return table.filter(pc.equal(table["split"], split))

    def word_table(self, *, without: str = "") -> pa.Table:
        """Return drawings with a word that are measured on nowhere.

        Args:
            without: leave out the drawings of known categories from this source, as `source-qd`.
        """
        left_out = _SOURCES.get(without.removeprefix("source-"), ())
        tables = []
        for corpus in self.words:
            table = read_corpus(corpus)
            keep = [key not in self._reported for key in table["sketch_id"].to_pylist()]
            if any(corpus.rstrip("/").endswith(name) for name in left_out):
                other = (class_name == OTHER for class_name in _classes(table))
                keep = [a and b for a, b in zip(keep, other, strict=True)]
            tables.append(table.filter(pa.array(keep)))
        return pa.concat_tables(tables)

    def unlabelled(self, *, without: str = "") -> pa.Table:
        """Return drawings of known categories that have labels in no corpus."""
        table = self.word_table(without=without)
        return table.filter(pa.array([c not in (None, OTHER) for c in _classes(table)]))

    def others(self, *, unseen: bool) -> pa.Table:
        """Return drawings of other words: those that are trained on, or those that never are."""
        table = self.word_table()
        rows = zip(table["category"].to_pylist(), _classes(table), strict=True)
        keep = [name == OTHER and is_unseen(word) == unseen for word, name in rows]
        return table.filter(pa.array(keep))

    def words_taxonomy(self) -> Taxonomy:
        """Return a taxonomy with a category for each other word that is trained on, for a base.

        What tells a banana from a fork tells both from what is known.
        """
        known = TAXONOMY.to_dict()
        words = sorted(set(self.others(unseen=False)["category"].to_pylist()))
        rows = {word: {"parts": [UNLABELED]} for word in words if word not in known["categories"]}
        return Taxonomy.from_dict(
            known | {"name": "words", "categories": known["categories"] | rows}
        )

    def scenes(self, number: int, seed: int = 0) -> pa.Table:
        """Compose scenes as drawings of the category `scene`, of nothing that is measured on."""
        plain = [
            s.replace(
                category=SCENE, part=None, label=None, instance=None, object=None,
                object_category=None,
            )
            for s in self._compose(number, seed)
        ]  # fmt: skip
        return to_table(plain)

    def crops(self, number: int, real: pa.Table, seed: int = 1) -> pa.Table:
        """Return the objects of scenes, damaged as by grouping.

        Args:
            number: of the scenes.
            real: drawings to compose them of, besides those of `scenes`.
            seed: of all choices.
        """
        rng = np.random.default_rng(seed)
        scenes = self._compose(number, seed, real)
        return to_table([c for s in scenes for c in crop_objects(s, rng)])

    def _compose(self, number: int, seed: int, *more: pa.Table) -> Iterator[Sketch]:
        rng = np.random.default_rng(seed)
        drawings = []
        for table in (
            self.generated_table,
            self.spg_table("train"),
            self.others(unseen=False),
            *more,
        ):
            rows = rng.permutation(len(table))[:_SCENE_DRAWINGS]
            drawings += from_table(table.take(rows))
        composer = Composer(drawings, _SCENES)
        yield from (composer.compose(seed, index) for index in range(number))

    @cached_property
    def generated_table(self) -> pa.Table:
        """Return the generated drawings."""
        return read_corpus(self.generated)

    def pool_generated(self, number: int, table: pa.Table | None = None) -> list[Pool]:
        """Return pools of generated drawings, one per category, with its share of an epoch.

        Args:
            number: of drawings in an epoch.
            table: of generated drawings; None stands for all.
        """
        batch = pack(self.generated_table if table is None else table, TAXONOMY)
        pools = []
        for name, share in SHARES.items():
            rows = batch.category_N == TAXONOMY.category_names.index(name)
            pools.append(Pool(batch.select(rows.nonzero()[:, 0]), round(number * share)))
        return pools

    def pack_spg(self, table: pa.Table | None = None) -> Batch:
        """Return drawings of SPG to train on; what has no part of ours has an unknown part.

        Args:
            table: of such drawings; None stands for all of the official split.
        """
        return _pack_known(self.spg_table("train") if table is None else table)

    def pack_crops(self, number: int, real: pa.Table) -> Batch:
        """Return `crops` of a known class to train on; parts of strokes from elsewhere are unknown.

        Args:
            number: of the scenes.
            real: drawings to compose them of, besides those of `scenes`.
        """
        batch = _pack_known(self.crops(number, real))
        return batch.select((batch.category_N >= 0).nonzero()[:, 0])


def digest(table: pa.Table) -> str:
    """Return a hash of the drawings and labels of a corpus, whatever its files."""
    hashed = hashlib.blake2b(digest_size=16)
    for row in table.select(_HASHED).to_pylist():
        hashed.update(json.dumps(row, sort_keys=True).encode())
    return hashed.hexdigest()


def _pack_known(table: pa.Table) -> Batch:
    batch = pack(table, TAXONOMY)
    unknown_S = batch.part_S == TAXONOMY.part_names.index(UNLABELED)
    return replace(batch, part_S=torch.where(unknown_S, -1, batch.part_S))


def pool_evenly(batch: Batch, number: int, power: float) -> list[Pool]:
    """Return a pool for each category, with a share of the number by count ** power."""
    counts_C = torch.bincount(batch.category_N)
    share_C = counts_C.double() ** power * (counts_C > 0)
    share_C = share_C / share_C.sum()
    return [
        Pool(batch.select((batch.category_N == i).nonzero()[:, 0]), round(number * share))
        for i, share in enumerate(share_C.tolist())
        if share
    ]


def held_out_masks(real: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """Return masks over the rows of real drawings by name, as `fold-0` and `source-qd`."""
    names = own_names(real)
    fold = np.array([hash_bucket(name, "fold") * FOLDS // 100 for name in names])
    source = np.array([source_of(name) for name in names])
    return {f"fold-{k}": fold == k for k in range(FOLDS)} | {
        f"source-{name}": source == name for name in np.unique(source)
    }


def source_of(name: str) -> str:
    """Return the source of a real drawing: the prefix of its file's own name."""
    return name.partition("-")[0]


def is_unseen(word: str) -> bool:
    """Return whether a word of `other` is never trained on."""
    return hash_bucket(word, "other") < UNSEEN


def _classes(table: pa.Table) -> list[str | None]:
    """Return the class of each row's word."""
    words = table["category"].to_pylist()
    classes = {word: TAXONOMY.class_of(word) for word in set(words)}
    return [classes[word] for word in words]
