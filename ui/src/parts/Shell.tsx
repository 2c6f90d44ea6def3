import { ActionIcon, AppShell, Burger, Group, Menu, NavLink, Text, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconActivity, IconBandage, IconLogout, IconMoon, IconPlayerPlay, IconRobot, IconRoute, IconStack2, IconSun, IconUser } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';

import { api } from '../api/client';
import { me, signed } from '../router';

const places = [
  { to: '/runs', label: 'Runs', icon: IconActivity },
  { to: '/flows', label: 'Flows', icon: IconRoute },
  { to: '/queue', label: 'Queue', icon: IconStack2 },
  { to: '/robots', label: 'Robots', icon: IconRobot },
  { to: '/healing', label: 'Healing', icon: IconBandage },
] as const;

/** The frame of all pages: where one can go, and who is signed in. */
export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { data: who } = useQuery(me);
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
        {places.map(({ to, label, icon: Icon }) => (
          <NavLink key={to} component={Link} to={to} label={label} leftSection={<Icon size={18} aria-hidden />} active={path.startsWith(to)} onClick={close} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}
