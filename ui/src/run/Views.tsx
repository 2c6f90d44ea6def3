import { Button, Group, Menu, Popover, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBookmark, IconChevronDown, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { load, same, store, type Filter } from './views';

/** Filters that were given names. They are kept in this browser. */
export function Views({ filter, onChoose }: { filter: Filter; onChoose: (f: Filter) => void }) {
  const [views, setViews] = useState(load);
  const [name, setName] = useState('');
  const [naming, setNaming] = useState(false);
  const change = (next: typeof views) => {
    setViews(next);
    if (!store(next)) notifications.show({ color: 'red', message: 'This browser keeps nothing for the page: the view is gone when it is loaded again.' });
  };
  const chosen = views.find((v) => same(v.filter, filter));
  const save = () => {
    const text = name.trim();
    if (!text) return;
    change([...views.filter((v) => v.name !== text), { name: text, filter }].sort((a, b) => a.name.localeCompare(b.name)));
    setName('');
    setNaming(false);
  };
  return (
    <Group gap="xs">
      {views.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" leftSection={<IconBookmark size={16} aria-hidden />} rightSection={<IconChevronDown size={16} aria-hidden />}>{chosen?.name ?? 'Views'}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            {views.map((v) => <Menu.Item key={v.name} onClick={() => onChoose(v.filter)}>{v.name}</Menu.Item>)}
            {chosen && (
              <>
                <Menu.Divider />
                <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => change(views.filter((v) => v !== chosen))}>Forget {chosen.name}</Menu.Item>
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {Object.keys(filter).length > 0 && !chosen && (
        <Popover opened={naming} onChange={setNaming} position="bottom-end" trapFocus>
          <Popover.Target><Button variant="light" onClick={() => setNaming((o) => !o)}>Save view…</Button></Popover.Target>
          <Popover.Dropdown>
            <form
              onSubmit={(e) => {
                e.preventDefault();
                save();
              }}
            >
              <Group align="end" gap="xs">
                <TextInput label="Name of the view" value={name} maxLength={60} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
                <Button type="submit" disabled={!name.trim()}>Save</Button>
              </Group>
            </form>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  );
}
