import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { demo as demoQuery } from './query';

/** Leads to the demo, for who may run it where it can be run. */
export function DemoLink() {
  const { data } = useQuery(demoQuery);
  if (!data?.may || data.missing) return null;
  return <Button component={Link} to="/demo" variant="light" mt="sm">See the demo first</Button>;
}
