import { ActionIcon, AppShell, Badge, Burger, Group, Menu, NavLink, Text, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconActivity, IconBandage, IconHeartbeat, IconHistory, IconInbox, IconKey, IconListDetails, IconLogout, IconMailOff, IconMoon, IconPlayerPlay, IconRobot, IconRoute, IconSettings, IconStack2, IconSun, IconUser, IconUsers } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';

import { api } from '../api/client';
import { useWaitingCount } from '../ask/useWaiting';
import { me, signed } from '../router';

/** Where one can go, and the right that a place needs: what a role may not see is not shown. */
const sections = [
  {
    title: '',
    places: [
      { to: '/runs', label: 'Runs', icon: IconActivity, right: 'runs.read' },
      { to: '/waiting', label: 'Waiting', icon: IconInbox, right: 'runs.read' },
      { to: '/flows', label: 'Flows', icon: IconRoute, right: 'flows.read' },
      { to: '/healing', label: 'Healing', icon: IconBandage, right: 'heals.read' },
    ],
  },
  {
    title: 'Operations',
    places: [
      { to: '/items', label: 'Work items', icon: IconListDetails, right: 'items.read' },
      { to: '/queue', label: 'Queue', icon: IconStack2, right: 'queue.read' },
      { to: '/dead', label: 'Dead letters', icon: IconMailOff, right: 'queue.read' },
      { to: '/robots', label: 'Robots', icon: IconRobot, right: 'robots.read' },
    ],
  },
  {
    title: 'Settings',
    places: [
      { to: '/secrets', label: 'Secrets', icon: IconKey, right: 'secrets.read' },
      { to: '/access', label: 'Access', icon: IconUsers, right: 'access.read' },
      { to: '/audit', label: 'Audit log', icon: IconHistory, right: 'audit.read' },
      { to: '/settings', label: 'Settings', icon: IconSettings, right: 'settings.read' },
      { to: '/health', label: 'Health', icon: IconHeartbeat, right: 'health.read' },
    ],
  },
] as const;

/** The frame of all pages: where one can go, and who is signed in. */
export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { data: who } = useQuery(me);
  const waiting = useWaitingCount();
  const queries = useQueryClient();
  const go = useNavigate();
  const { toggleColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const leave = async () => {
    await api.POST('/api/v1/logout');
    signed(false);
    await go({ to: '/login' });
    queries.clear();
  };
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 188, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Where to go" />
            <UnstyledButton component={Link} to="/runs">
              <Group gap={8} wrap="nowrap">
                <img src="/icon.svg" width={24} height={24} alt="" />
                <Text fw={700} size="lg">Aether</Text>
              </Group>
            </UnstyledButton>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ActionIcon variant="subtle" color="gray" onClick={() => toggleColorScheme()} aria-label="Light or dark" size="lg">
              {scheme === 'dark' ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
            </ActionIcon>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label="Who is signed in" size="lg">
                  <IconUser size={18} aria-hidden />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{who ? `${who.name}, ${who.role}` : ''}</Menu.Label>
                <Menu.Item leftSection={<IconPlayerPlay size={16} aria-hidden />} component={Link} to="/demo">The demo</Menu.Item>
                <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>Sign out</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Where to go">
        <div className="scroll">
          {sections.map(({ title, places }) => {
            const open = places.filter((p) => (who?.rights ?? []).includes(p.right));
            if (open.length === 0) return null;
            return (
              <div key={title}>
                {title && <Text size="xs" fw={600} c="dimmed" px={12} pt={14} pb={4}>{title}</Text>}
                {open.map(({ to, label, icon: Icon }) => <NavLink key={to} component={Link} to={to} label={label} leftSection={<Icon size={18} aria-hidden />} active={path.startsWith(to)} onClick={close} rightSection={to === '/waiting' && waiting > 0 ? <Badge size="sm" variant="filled" color="orange.9" className="nav-count" aria-label={`${waiting} open`}>{waiting}</Badge> : undefined} />)}
              </div>
            );
          })}
        </div>
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}
