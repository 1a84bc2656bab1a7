package jira

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	maxUserPages      = 10
	singleConcurrency = 2
)

// Users reads many users by account id. Those that are not there or not
// visible are left out. After an error the map holds what was found until then.
//
// It asks /user/bulk, which newer descriptions of the API no longer have;
// if it is gone, it asks for each user.
func (c *Client) Users(ctx context.Context, accountIDs []string) (map[string]User, error) {
	ids := slices.Clone(accountIDs)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" || len(id) > maxAccountID })

	var mu sync.Mutex
	found := map[string]User{}
	group, bulk := errgroup.WithContext(ctx)
	group.SetLimit(bulkConcurrency)
	for chunk := range slices.Chunk(ids, bulkSize) {
		group.Go(panics.Guard(func() error {
			users, err := c.bulkUsers(bulk, chunk)
			mu.Lock()
			defer mu.Unlock()
			for _, u := range users {
				found[u.AccountID] = u
			}
			return err
		}))
	}
	err := group.Wait()
	if s := upstream.StatusOf(err); s == http.StatusNotFound || s == http.StatusGone {
		err = c.singleUsers(ctx, ids, found)
	}
	return found, err
}

// bulkUsers returns, after an error, what the pages before had.
func (c *Client) bulkUsers(ctx context.Context, ids []string) (users []User, err error) {
	query := url.Values{"accountId": ids, "maxResults": {strconv.Itoa(bulkSize)}} // its default is 10
	startAt := 0
	for range maxUserPages {
		query.Set("startAt", strconv.Itoa(startAt))
		var page struct {
			Values entries[wireUser] `json:"values"`
			IsLast *bool             `json:"isLast"`
			Total  int               `json:"total"`
		}
		if err := c.get(ctx, "users.bulk", []string{"user", "bulk"}, query, &page); err != nil {
			return users, err
		}
		c.reportUnreadable(ctx, "users.bulk", page.Values.unreadable)
		for _, w := range page.Values.list {
			if w.AccountID != "" {
				users = append(users, w.user())
			}
		}
		startAt += page.Values.size()
		last := startAt >= page.Total
		if page.IsLast != nil {
			last = *page.IsLast
		}
		if last || page.Values.size() == 0 {
			break
		}
	}
	return users, nil
}

// singleUsers asks for each id that is not in found yet.
func (c *Client) singleUsers(ctx context.Context, ids []string, found map[string]User) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(singleConcurrency)
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := found[id]; return ok })
	for _, id := range missing {
		group.Go(panics.Guard(func() error {
			u, err := c.User(ctx, id)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			found[u.AccountID] = u
			return nil
		}))
	}
	return group.Wait()
}
