"""Have what a squash replaces run from nothing as well: so it goes where a database has recorded only a part of it."""

from __future__ import annotations


def run_originals(names: list[str]) -> None:
    """Of these squashes. The loader itself takes out one that is applied in part (MigrationLoader.build_graph)."""
    from django.db.migrations.graph import MigrationGraph

    remove = MigrationGraph.remove_replaced_nodes

    def remove_other(graph: MigrationGraph, replacement: tuple[str, str], replaced: list[tuple[str, str]]) -> None:
        if "{}.{}".format(*replacement) in names:
            graph.remove_replacement_node(replacement, replaced)
        else:
            remove(graph, replacement, replaced)

    MigrationGraph.remove_replaced_nodes = remove_other
