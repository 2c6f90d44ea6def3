import { Badge, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import './labels.css';

/** The labels of a run; each leads to the runs that have it too. */
export function Labels({ labels }: { labels?: string[] | null }) {
  if (!labels?.length) return null;
  return (
    <Group gap={6}>
      {labels.map((l) => (
        <Badge key={l} variant="light" color="gray" radius="sm" tt="none" className="status" data-color="gray">
          <Link to="/runs" search={{ label: l }} className="label-link">{l}</Link>
        </Badge>
      ))}
    </Group>
  );
}
