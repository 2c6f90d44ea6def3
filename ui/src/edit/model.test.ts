import { describe, expect, it } from 'vitest';

import { Model } from './model';

const text = (name: string) => `aether: 1\nname: x\nnodes:\n  - {id: a, type: var.set, title: ${name}}\n`;

describe('the version that a text is measured by', () => {
  it('stays when edits after a save are undone', () => {
    const m = new Model({ digest: 'one', text: text('one') });
    m.apply('Edit', [{ from: 0, to: m.text().length, text: text('two') }]);
    m.saved({ digest: 'two', text: text('two'), tag: 'two.2' });
    m.undo();
    expect([m.text(), m.base.tag]).toEqual([text('one'), 'two.2']);
  });

  it('is the one before again when a merge is undone, so that nothing of others is written over', () => {
    const m = new Model({ digest: 'one', text: text('one'), tag: 'one.1' });
    m.apply('Edit', [{ from: 0, to: m.text().length, text: text('mine') }]);
    m.merged({ digest: 'theirs', text: text('theirs'), tag: 'theirs.2' }, text('both'));
    expect([m.text(), m.base.tag, m.undoTitle()]).toEqual([text('both'), 'theirs.2', 'Put together with the saved version']);
    m.undo();
    expect([m.text(), m.base.tag]).toEqual([text('mine'), 'one.1']);
    m.redo();
    expect([m.text(), m.base.tag]).toEqual([text('both'), 'theirs.2']);
    m.undo();
    m.undo();
    expect([m.text(), m.base.tag]).toEqual([text('one'), 'one.1']);
  });
});
