"""The Graph activity: the picture, its filters, and the edges with their evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QLabel,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from workbench.domain.graph import GraphEdge, SkillGraph
from workbench.domain.skill import Library
from workbench.graph.build import build_graph
from workbench.gui.graph.canvas import GraphCanvas
from workbench.gui.graph.edge_list import EdgeList
from workbench.gui.graph.paint import line_sign
from workbench.gui.graph.scene import EDGE_KINDS, Scene, Wish, make_scene
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import WordButton, icon_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.split_view import SplitView

_DEPTHS = (1, 2)


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return GraphPanel(context)


class GraphPanel(QWidget):
    """Opens on the neighbourhood of the selected skill, else on the whole library."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._library: Library | None = None
        self._graph: SkillGraph | None = None
        self._labels: dict[str, str] = {}
        self._turn = 0
        self._selecting = False
        self._before: list[Wish] = []
        self.wish = Wish()
        self.canvas = GraphCanvas()
        self.edges = EdgeList()
        self.search = SearchField("Find a skill or tool…")
        self.whole = push_button("Whole library", self.show_overview)
        self.back = icon_button("undo", "Go back", self.go_back, shortcut="Backspace")
        self.title = ElidedLabel()
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self._kinds: dict[str, QToolButton] = {}
        self._depths = QButtonGroup(self)
        self._empty = EmptyState(
            "No library is open",
            "The graph shows which skills name, link and share what.",
            action=("Open folder…", lambda: context.commands.run("file.open_library")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="graph",
        )
        self._reading = EmptyState("Reading the skills…", "Each file is looked through once.")
        self._bare = EmptyState(
            "No skills here",
            "The open folder has no skill, so there is nothing to link.",
            action=("New skill…", lambda: context.commands.run("skill.new")),
            icon="graph",
        )
        self._failed = EmptyState(
            "The graph cannot be made", "", action=("Try again", self._read_again), icon="error"
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self.setFocusProxy(self.canvas)
        self._connect()
        commands = self._commands()
        context.commands.remove(*(one.id for one in commands))
        context.commands.add(*commands)
        self._read()

    # What a person asks for

    def show_overview(self) -> None:
        """Show the whole library."""
        self._go(replace(self.wish, focus="", members=()))

    def centre_on(self, node_id: str) -> None:
        """Show the neighbourhood of a node; a group is opened into its members."""
        number = self.canvas.scene.number_of(node_id)
        members = self.canvas.scene.nodes[number].members if number >= 0 else ()
        if members:
            self._go(replace(self.wish, focus="", members=members))
        else:
            self._go(replace(self.wish, focus=node_id, members=()))

    def set_depth(self, depth: int) -> None:
        """Show neighbours so many edges away."""
        self._depths.button(depth).setChecked(True)
        self._go(replace(self.wish, depth=depth), remember=False)

    def go_back(self) -> None:
        """Show what was shown before."""
        if self._before:
            self.wish = self._before.pop()
            self._lay()

    def open_skill(self) -> None:
        """Open SKILL.md of the selected skill."""
        skill = self._context.skill(self._current_id())
        if skill is not None:
            self._context.request_file(Path(skill.path) / skill.skill_md)

    # Layout

    def _lay_out(self) -> None:
        split = SplitView((self._picture_pane(), self._edges_pane()), sizes=(840, 360))
        split.setStretchFactor(0, 1)
        page = QWidget()
        inside = column(page, spacing=0)
        inside.addWidget(self._header())
        inside.addWidget(split, 1)
        for shown in (self._empty, self._reading, self._bare, self._failed, page):
            self._stack.addWidget(shown)
        self._page = page
        column(self, spacing=0).addWidget(self._stack)

    def _header(self) -> QWidget:
        header = QFrame()
        header.setObjectName("PanelHeader")
        line = row(header, spacing=8)
        line.setContentsMargins(12, 6, 12, 6)
        line.addWidget(self.back)
        line.addWidget(self.whole)
        line.addWidget(self.title, 1)
        line.addWidget(self.search)
        self.search.setMinimumWidth(220)
        return header

    def _picture_pane(self) -> QWidget:
        pane = QWidget()
        tools = row(spacing=4)
        tools.setContentsMargins(12, 6, 12, 6)
        self._depth_label = QLabel("Depth")
        self._depth_label.setProperty("muted", True)
        tools.addWidget(self._depth_label)
        for depth in _DEPTHS:
            button = QToolButton()
            button.setText(str(depth))
            button.setCheckable(True)
            button.setChecked(depth == self.wish.depth)
            words = f"Neighbours up to {depth} {'edge' if depth == 1 else 'edges'} away"
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.setFixedSize(28, 26)
            self._depths.addButton(button, depth)
            tools.addWidget(button)
        tools.addSpacing(8)
        for kind, words in EDGE_KINDS:
            button = WordButton()
            button.setText(kind.capitalize())
            button.setIconSize(QSize(24, 16))
            button.setCheckable(True)
            button.setChecked(True)
            button.setToolTip(words)
            button.setAccessibleName(f"Show edges of kind {kind}")
            self._kinds[kind] = button
            tools.addWidget(button)
        tools.addStretch(1)
        for text, words, keys, run in (
            ("−", "Zoom out", "-", lambda: self.canvas.zoom(0.8)),
            ("+", "Zoom in", "+", lambda: self.canvas.zoom(1.25)),
            ("Fit", "Fit into the view", "0", self.canvas.fit),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(f"{words} ({keys})")
            button.setAccessibleName(words)
            button.setMinimumSize(28, 26)
            button.clicked.connect(lambda _checked=False, run=run: run())
            tools.addWidget(button)
        self._sign_kinds()
        inside = column(pane, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self.canvas, 1)
        return pane

    def _edges_pane(self) -> QWidget:
        pane = QWidget()
        self.count.setContentsMargins(12, 0, 12, 0)
        self.count.setFixedHeight(38)
        inside = column(pane, spacing=0)
        inside.addWidget(self.count)
        inside.addWidget(self.edges, 1)
        pane.setMinimumWidth(260)
        return pane

    def _sign_kinds(self) -> None:
        for kind, button in self._kinds.items():
            button.setIcon(line_sign(kind))

    def _connect(self) -> None:
        context = self._context
        self.canvas.chosen.connect(self._node_chosen)
        self.canvas.centred.connect(self.centre_on)
        self.edges.opened.connect(self._open_evidence)
        self.search.returnPressed.connect(self._find)
        self.search.left_downwards.connect(self.canvas.setFocus)
        self._depths.idClicked.connect(self.set_depth)
        for button in self._kinds.values():
            button.toggled.connect(lambda _on: self._kinds_chosen())
        context.library_changed.connect(lambda _library: self._library_changed())
        context.skill_selected.connect(self._skill_selected)
        context.theme_changed.connect(lambda _name: self._sign_kinds())
        back = QShortcut(QKeySequence("Backspace"), self)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self.go_back)

    def _commands(self) -> tuple[Command, ...]:
        def why_no_graph() -> str | None:
            return None if self._graph is not None and self.isVisible() else "show the graph first."

        return (
            Command(
                "graph.overview",
                "Show the whole library in the graph",
                "View",
                self.show_overview,
                ("Ctrl+Alt+0",),
                when=why_no_graph,
                icon="graph",
                group=7,
            ),
            Command(
                "graph.fit",
                "Fit the graph into the view",
                "View",
                self.canvas.fit,
                when=why_no_graph,
                group=7,
            ),
            Command(
                "graph.depth_1",
                "Show direct neighbours in the graph",
                "View",
                lambda: self.set_depth(1),
                ("Ctrl+Alt+1",),
                when=why_no_graph,
                group=7,
            ),
            Command(
                "graph.depth_2",
                "Show neighbours of neighbours in the graph",
                "View",
                lambda: self.set_depth(2),
                ("Ctrl+Alt+2",),
                when=why_no_graph,
                group=7,
            ),
            Command(
                "graph.open_skill",
                "Open the skill selected in the graph",
                "Skill",
                self.open_skill,
                when=why_no_graph,
                icon="edit",
            ),
        )

    # What happens

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._library is not self._context.library:
            self._read()

    def _library_changed(self) -> None:
        if self.isVisible() or self._context.library is None:
            self._read()

    def _read_again(self) -> None:
        self._library = None
        self._read()

    def _read(self) -> None:
        """Make the graph of the open library, beside the window."""
        library = self._context.library
        if library is None or not library.skills:
            self._turn += 1
            self._library, self._graph = library, None
            self._stack.setCurrentWidget(self._empty if library is None else self._bare)
            return
        if library is self._library:
            return
        if self._graph is None:
            self._stack.setCurrentWidget(self._reading)
        same = self._library is not None and self._library.root == library.root
        self._library = library
        if not same:
            self._before.clear()
            self.wish = replace(self.wish, focus=self._context.selected_skill, members=())
        self._turn += 1
        turn = self._turn

        def done(graph: SkillGraph) -> None:
            if turn == self._turn:
                self._graph = graph
                self._labels = {node.id: node.label for node in graph.nodes}
                self._lay()

        def failed(problem: BaseException) -> None:
            if turn == self._turn:
                self._failed.set_texts("The graph cannot be made", str(problem))
                self._stack.setCurrentWidget(self._failed)

        self._context.spawn_thread(build_graph, library, on_done=done, on_error=failed, owner=self)

    def _go(self, wish: Wish, *, remember: bool = True) -> None:
        if wish == self.wish:
            self.canvas.fit()
            return
        if remember:
            self._before = [*self._before[-49:], self.wish]
        self.wish = wish
        self._lay()

    def _lay(self) -> None:
        """Lay the picture out, beside the window."""
        graph = self._graph
        if graph is None:
            return
        self._turn += 1
        turn = self._turn

        def done(scene: Scene) -> None:
            if turn == self._turn:
                self._show(scene)

        self._context.spawn_thread(make_scene, graph, self.wish, on_done=done, owner=self)

    def _show(self, scene: Scene) -> None:
        self._stack.setCurrentWidget(self._page)
        self.canvas.show_scene(scene, self._tips(scene))
        self.back.setEnabled(bool(self._before))
        self.whole.setEnabled(bool(scene.focus or self.wish.members))
        for shown in (self._depth_label, *self._depths.buttons()):
            shown.setVisible(bool(scene.focus))
        self._depths.button(self.wish.depth).setChecked(True)
        named = self._labels.get(scene.focus, "")
        more = f", {scene.left_out} more are left out" if scene.left_out else ""
        nodes = f"{len(scene.nodes)} {'groups' if scene.collapsed else 'nodes'}{more}"
        self.title.setText(f"{named or 'Whole library'}  ·  {nodes}")
        self._list_edges()

    def _tips(self, scene: Scene) -> dict[str, str]:
        tips: dict[str, str] = {}
        for node in scene.nodes:
            if node.members:
                names = [self._labels.get(one, one) for one in node.members[:12]]
                rest = len(node.members) - len(names)
                tips[node.id] = "\n".join(
                    [node.label, *names, *([f"and {rest} more"] * (rest > 0))]
                )
                continue
            skill = self._context.skill(node.id)
            about = " ".join(skill.description.split())[:300] if skill is not None else ""
            edges = f"{node.incoming} in, {node.outgoing} out"
            circle = "\nPart of a cycle" if node.cycle else ""
            tips[node.id] = f"{node.label} ({node.kind})\n{about}\n{edges}{circle}".replace(
                "\n\n", "\n"
            )
        return tips

    def _current_id(self) -> str:
        nodes, number = self.canvas.scene.nodes, self.canvas.current
        return nodes[number].id if 0 <= number < len(nodes) else ""

    def _list_edges(self) -> None:
        """List the edges of the selected node, or all of the picture."""
        number = self.canvas.current
        lines = self.canvas.scene.edges
        shown = [
            (line.edge, line.cycle)
            for line in lines
            if number < 0 or number in (line.source, line.target)
        ]
        self.edges.edges.show(shown, self._labels)
        name = self.canvas.scene.nodes[number].label if number >= 0 else "this picture"
        word = "edge" if len(shown) == 1 else "edges"
        self.count.setText(f"{len(shown):,} {word} of {name}")

    def _node_chosen(self, node_id: str) -> None:
        self._list_edges()
        if self._context.skill(node_id) is not None:
            self._selecting = True
            self._context.select_skill(node_id)
            self._selecting = False

    def _skill_selected(self, skill_id: str) -> None:
        if self._selecting or not skill_id or skill_id not in self._labels:
            return
        self._go(replace(self.wish, focus=skill_id, members=()))

    def _kinds_chosen(self) -> None:
        kinds = frozenset(kind for kind, button in self._kinds.items() if button.isChecked())
        self._go(replace(self.wish, kinds=kinds), remember=False)

    def _open_evidence(self, edge: GraphEdge) -> None:
        library = self._context.library
        if library is not None:
            self._context.request_file(Path(library.root) / edge.evidence.path, edge.evidence.line)

    def _find(self) -> None:
        """Go to the next node whose name holds the words; outside the picture, centre on it."""
        words = self.search.text().casefold().split()
        if not words:
            return
        nodes = self.canvas.scene.nodes
        start = self.canvas.current + 1
        order = [*range(start, len(nodes)), *range(start)]
        for number in order:
            if all(word in nodes[number].label.casefold() for word in words):
                self.canvas.select(nodes[number].id)
                return
        for node_id, label in self._labels.items():
            if all(word in label.casefold() for word in words):
                self.centre_on(node_id)
                return
        self._context.notify.info(
            f"No skill or tool is called “{self.search.text()}”.", replace="graph.find"
        )
