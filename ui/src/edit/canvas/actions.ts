import type { FlowEdge } from '../../canvas/flow';
import { nodeWidth, type Places } from '../../canvas/layout';
import { noteRecent, type Catalog } from '../catalog';
import { copyNodes, pasteNodes } from '../clip';
import { chain } from '../edits';
import type { Model } from '../model';
import { addNode, connect, disconnect, freshId, moveNodes, moveUp, removeNodes, setNode, setStart, type At } from '../ops';
import { addFrame, addNote, removeFrames, removeNotes, setFrame, setNote } from '../view';
import { aligned, behindOf, free, height, type Side } from './places';
import { benchOf } from '../panel/bench';

/** Where a node is added: behind a port, into a wire, at a place of the canvas, or beside what is there. */
export interface Where {
  after?: { from: string; port: string };
  onWire?: FlowEdge;
  at?: At;
}

const plural = (n: number, word: string) => (n === 1 ? `1 ${word}` : `${n} ${word}s`);

/** What can be done to a flow, for canvas and list alike: each is one thing to undo, and is said aloud. */
export class Actions {
  /** Where the nodes stand on the canvas now; it tells after each layout. */
  places: Places = {};

  private readonly focused = new Set<(id: string) => void>();

  constructor(
    readonly model: Model,
    readonly catalog: Catalog,
    readonly say: (text: string) => void,
  ) {}

  readonly title = (id: string): string => this.model.flow().byId.get(id)?.title ?? id;

  /** Registers who gives a node the focus. */
  readonly onFocus = (f: (id: string) => void): (() => void) => {
    this.focused.add(f);
    return () => this.focused.delete(f);
  };
  /** Tells where the nodes stand now. */
  readonly stand = (places: Places): void => {
    this.places = places;
  };
  readonly focus = (id: string): void => {
    for (const f of this.focused) f(id);
  };

  /** The text can be changed by operations only while it can be read. */
  private able(): boolean {
    const broken = this.model.broken();
    if (broken) this.say(`The text cannot be read, so the canvas cannot change it: ${broken}`);
    return !broken;
  }

  /** Whether the file holds places; one that holds none is laid out anew whenever it changes. */
  private placed(): boolean {
    return this.model.flow().positions.size > 0;
  }

  private many(from: string, port: string): boolean {
    const { flow } = this;
    const n = flow.byId.get(from);
    return !!n && !!this.catalog.ports(n, flow).find((p) => p.name === (port || 'next'))?.many;
  }

  get flow() {
    return this.model.flow();
  }

  add(type: string, where: Where): string | undefined {
    if (!this.able()) return undefined;
    const { flow } = this;
    const text = this.model.text();
    const id = freshId(flow.byId.keys(), type);
    const after = where.after && { ...where.after, many: this.many(where.after.from, where.after.port) };
    const wire = where.onWire ?? (after && !after.many ? flow.edges.find((e) => e.from === after.from && (e.port || 'next') === (after.port || 'next')) : undefined);
    const from = wire?.from ?? after?.from;
    let at = where.at && free(where.at, this.places);
    let others: Places = at && !this.placed() ? this.places : {};
    if (!at && this.placed()) {
      const beside = from ? behindOf(flow, this.places, from, wire) : { at: this.corner(), moved: {} };
      at = beside.at;
      others = beside.moved;
    }
    const edits = chain(
      text,
      (t) => moveNodes(t, others),
      (t) => addNode(t, { type, id, after, onWire: where.onWire, out: this.catalog.onward(type), at }),
    );
    const name = this.catalog.of(type)?.title ?? type;
    this.model.apply(`Add ${type}`, edits);
    this.model.selection.set([id]);
    noteRecent(type);
    this.say(from ? `${name} added after ${this.title(from)}.` : `${name} added.`);
    return id;
  }

  /** A free place below all nodes. */
  private corner(): At {
    const all = Object.values(this.places);
    return all.length ? free({ x: Math.min(...all.map((p) => p.x)), y: Math.max(...all.map((p) => p.y)) + height + 50 }, this.places) : { x: 0, y: 0 };
  }

  /** Removes nodes, notes and frames by their ids in the selection, and wires. */
  remove(ids: readonly string[], wires: readonly FlowEdge[] = []) {
    if (!this.able()) return;
    const nodes = ids.filter((id) => !id.includes(':'));
    const at = (kind: string) => ids.filter((id) => id.startsWith(`${kind}:`)).map((id) => Number(id.split(':')[1]));
    const notes = at('note');
    const frames = at('frame');
    const count = nodes.length + notes.length + frames.length + wires.length;
    if (!count) return;
    const next = nodes.length === 1 ? this.flow.edges.find((e) => e.to === nodes[0])?.from : undefined;
    const edits = chain(
      this.model.text(),
      (t) => disconnect(t, ...wires),
      (t) => removeNodes(t, nodes),
      (t) => removeNotes(t, notes),
      (t) => removeFrames(t, frames),
    );
    const only = nodes.length === 1 && count === 1 ? this.title(nodes[0] as string) : '';
    this.model.apply(only ? `Remove ${nodes[0] ?? ''}` : wires.length === count ? `Remove ${plural(count, 'wire')}` : `Remove ${plural(count, 'thing')}`, edits);
    this.model.selection.set(next && this.flow.byId.has(next) ? [next] : []);
    this.say(only ? `${only} removed.` : `${plural(count, wires.length === count ? 'wire' : 'thing')} removed.`);
  }

  connect(e: FlowEdge) {
    if (!this.able()) return;
    if (e.from === e.to) return this.say('A wire cannot lead back to the node it leaves. Use a loop.');
    this.model.apply(`Connect ${e.from} to ${e.to}`, connect(this.model.text(), e, this.many(e.from, e.port)));
    this.say(`${this.title(e.from)}${e.port && e.port !== 'next' ? `, ${e.port},` : ''} leads to ${this.title(e.to)}.`);
  }

  disconnect(e: FlowEdge) {
    if (!this.able()) return;
    this.model.apply(`Disconnect ${e.from} from ${e.to}`, disconnect(this.model.text(), e));
    this.say(`${this.title(e.from)} leads to ${this.title(e.to)} no more.`);
  }

  /** Puts a node that has no wires yet into one. */
  putInto(id: string, wire: FlowEdge, at: At) {
    if (!this.able()) return;
    const out = this.catalog.onward(this.flow.byId.get(id)?.type ?? '');
    this.model.apply(`Put ${id} into a wire`, chain(
      this.model.text(),
      (t) => this.moving(t, { [id]: at }),
      (t) => connect(t, { from: wire.from, port: wire.port, to: id }),
      (t) => connect(t, { from: id, port: out, to: wire.to }),
    ));
    this.say(`${this.title(id)} is between ${this.title(wire.from)} and ${this.title(wire.to)}.`);
  }

  /** The first place that is written takes those of all nodes along, so that nothing jumps. */
  private moving(text: string, places: Places) {
    return moveNodes(text, { ...(this.flow.nodes.some((n) => !this.flow.positions.has(n.id)) ? this.places : {}), ...places });
  }

  move(places: Places, frames: Record<number, At> = {}, title = 'Move', notes: [number, At][] = []) {
    if (!this.able()) return;
    this.model.apply(title, chain(
      this.model.text(),
      (t) => (Object.keys(places).length ? this.moving(t, places) : []),
      ...Object.entries(frames).map(([i, at]) => (t: string) => setFrame(t, Number(i), at)),
      ...notes.map(([i, at]) => (t: string) => setNote(t, i, at)),
    ));
  }

  align(side: Side) {
    const nodes = this.model.selection.nodes();
    this.move(aligned(nodes, this.places, side), {}, side === 'across' || side === 'down' ? 'Distribute' : 'Align');
    this.say(`${plural(nodes.length, 'node')} aligned.`);
  }

  laidOut(places: Places) {
    this.move(places, {}, 'Lay out');
    this.say('The nodes are laid out anew.');
  }

  /** What was chosen, as text for the clipboard. */
  copied(): string {
    const nodes = this.model.selection.nodes();
    if (!nodes.length) return '';
    this.say(`${plural(nodes.length, 'node')} copied.`);
    return copyNodes(this.model.text(), nodes, new Map(Object.entries(this.places)));
  }

  paste(clip: string, at?: At): boolean {
    if (!this.able()) return false;
    const place = at ?? this.corner();
    const { edits, ids } = pasteNodes(this.model.text(), clip, this.placed() || at ? place : undefined);
    if (!ids.length) {
      this.say('What is on the clipboard is no part of a flow.');
      return false;
    }
    // The pasted nodes bring places along: those of the others are kept with them.
    this.model.apply(`Paste ${plural(ids.length, 'node')}`, this.placed() ? edits : chain(this.model.text(), (t) => moveNodes(t, this.places), (t) => pasteNodes(t, clip, place).edits));
    this.model.selection.set(ids);
    this.say(`${plural(ids.length, 'node')} pasted.`);
    return true;
  }

  duplicate() {
    const nodes = this.model.selection.nodes();
    if (!nodes.length) return;
    const corner = nodes.map((n) => this.places[n]).filter((p) => p !== undefined);
    const at = { x: Math.min(...corner.map((p) => p.x)) + 32, y: Math.max(...corner.map((p) => p.y)) + height + 40 };
    this.paste(copyNodes(this.model.text(), nodes, new Map(Object.entries(this.places))), at);
  }

  /** Turns nodes off or on again; one that is off is passed by. */
  toggle(ids: readonly string[]) {
    if (!this.able()) return;
    const nodes = ids.filter((id) => this.flow.byId.has(id));
    const off = nodes.some((id) => this.flow.byId.get(id)?.raw.disabled !== true);
    this.model.apply(off ? 'Turn off' : 'Turn on', chain(this.model.text(), ...nodes.map((id) => (t: string) => setNode(t, id, ['disabled'], off || undefined))));
    this.say(`${plural(nodes.length, 'node')} turned ${off ? 'off' : 'on'}.`);
  }

  /** Sets a breakpoint before a node, or takes it away. It is kept by this browser and not in the flow. */
  toggleBreak(id: string) {
    if (!this.flow.byId.has(id)) return;
    const set = benchOf(this.model).toggleBreak(id);
    this.say(set ? `A breakpoint is set at ${this.title(id)}.` : `The breakpoint at ${this.title(id)} is gone.`);
  }

  start(id: string) {
    if (!this.able()) return;
    this.model.apply(`Begin with ${id}`, setStart(this.model.text(), id));
    this.say(`A run begins with ${this.title(id)}.`);
  }

  /** Moves a node before the one that leads to it. */
  up(id: string) {
    if (!this.able()) return;
    const edits = moveUp(this.model.text(), id, this.catalog.onward(this.flow.byId.get(id)?.type ?? ''));
    if (!edits.length) return this.say(`${this.title(id)} cannot be moved up: nothing alone leads to it.`);
    this.model.apply(`Move ${id} up`, edits);
    this.say(`${this.title(id)} moved up.`);
  }

  note(at: At) {
    if (!this.able()) return;
    const n = this.flow.notes.length;
    this.model.apply('Add a note', addNote(this.model.text(), { text: '', ...at }));
    this.model.selection.set([`note:${n}`]);
    this.say('A note was added.');
  }

  /** Puts a frame around the nodes that are chosen. */
  frame() {
    if (!this.able()) return;
    const nodes = this.model.selection.nodes();
    const all = nodes.map((id) => this.places[id]).filter((p) => p !== undefined);
    if (!all.length) return;
    const [x, y] = [Math.min(...all.map((p) => p.x)) - 20, Math.min(...all.map((p) => p.y)) - 44];
    const n = this.flow.frames.length;
    this.model.apply('Group', chain(
      this.model.text(),
      (t) => (this.placed() ? [] : moveNodes(t, this.places)),
      (t) => addFrame(t, { title: 'Group', x, y, width: Math.max(...all.map((p) => p.x)) + nodeWidth + 20 - x, height: Math.max(...all.map((p) => p.y)) + height + 40 - y, nodes }),
    ));
    this.model.selection.set([`frame:${n}`]);
    this.say(`${plural(nodes.length, 'node')} grouped.`);
  }
}
