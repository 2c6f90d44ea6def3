import { Anchor, Button, Center, Collapse, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { api, must } from '../api/client';
import { Wrong } from '../parts/Notice';
import { signed } from '../router';

/** Signing in: by the link that `aether up` prints, by a token, or by name and password. */
export function Login() {
  const { to = '/' } = useSearch({ from: '/login' });
  const queries = useQueryClient();
  const go = useNavigate();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [token, setToken] = useState('');
  const [byToken, setByToken] = useState(false);
  const enter = useMutation({
    mutationFn: (how: { name: string; password: string } | { token: string } | { link: string }) => must(api.POST('/api/v1/login', { body: how })),
    onSuccess: async () => {
      setPassword('');
      setToken('');
      queries.clear();
      signed(true);
      await go({ href: to, replace: true });
    },
  });
  // The link's secret stands behind the #, which browsers send to no server and in no Referer.
  const link = useRef(/^#link=(\S+)$/.exec(window.location.hash)?.[1]);
  const { mutate } = enter;
  useEffect(() => {
    if (!link.current) return;
    const secret = link.current;
    link.current = undefined;
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
    mutate({ link: secret });
  }, [mutate]);
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="xl" radius="lg" w={380} maw="100%">
        <form
          onSubmit={(e) => {
            e.preventDefault();
            enter.mutate(byToken ? { token } : { name, password });
          }}
        >
          <Stack>
            <Stack gap={4} align="center">
              <img src="/icon.svg" width={44} height={44} alt="" />
              <Title order={1} size="h3">Sign in to Aether</Title>
            </Stack>
            {enter.error && <Wrong error={enter.error} />}
            <Collapse expanded={!byToken}>
              <Stack gap="sm">
                <TextInput label="Name" autoComplete="username" value={name} onChange={(e) => setName(e.currentTarget.value)} />
                <PasswordInput label="Password" autoComplete="current-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
              </Stack>
            </Collapse>
            <Collapse expanded={byToken}>
              <PasswordInput label="Token" autoComplete="off" description="As the first start prints it, or aether server token create." value={token} onChange={(e) => setToken(e.currentTarget.value)} />
            </Collapse>
            <Button type="submit" loading={enter.isPending} disabled={byToken ? !token : !name || !password}>Sign in</Button>
            <Anchor component="button" type="button" size="sm" onClick={() => setByToken(!byToken)}>
              {byToken ? 'With a name and a password' : 'With a token'}
            </Anchor>
            <Text size="xs" c="dimmed">On the machine of the server, aether server link prints a link that signs you in.</Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
