import { Button, Card, Group, Table } from '@mantine/core';
import type { ReactNode } from 'react';

import { Loading, Wrong } from './Notice';

/** What a listing needs of an infinite query. */
interface Pages {
  error: unknown;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  refetch: () => unknown;
  fetchNextPage: () => unknown;
}

interface Props {
  pages: Pages;
  /** How many rows there are. */
  count: number;
  /** What is shown where there is none. */
  empty: ReactNode;
  /** The heads of the columns, and the width below which the table scrolls. */
  heads: ReactNode[];
  minWidth: number;
  spacing?: string;
  children: ReactNode;
}

/** A list that the server gives in pages, as a table: while it is asked for, when it is empty, when something is wrong. */
export function Listing({ pages, count, empty, heads, minWidth, spacing = 'sm', children }: Props) {
  return (
    <>
      {pages.error ? <Wrong error={pages.error} again={() => void pages.refetch()} /> : null}
      {pages.isPending ? (
        <Loading />
      ) : count === 0 ? (
        empty
      ) : (
        <Card withBorder padding={0} radius="md">
          <Table.ScrollContainer minWidth={minWidth}>
            <Table verticalSpacing={spacing} horizontalSpacing="md" highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  {heads.map((h, i) => <Table.Th key={i}>{h}</Table.Th>)}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>{children}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Card>
      )}
      {pages.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>Show more</Button>
        </Group>
      )}
    </>
  );
}
