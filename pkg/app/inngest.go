package app

import "github.com/clockwork-timer/backend/pkg/inngestapi"

func (d *Deps) inngest() (*inngestapi.Client, error) {
	c := d.Config
	return inngestapi.New(inngestapi.Options{BaseURL: c.InngestURL(), SigningKey: c.Inngest.SigningKey, Transport: d.Transport, Now: d.Now})
}

func (d *Deps) newSender() (*inngestapi.Sender, error) {
	c := d.Config
	return inngestapi.NewSender(inngestapi.SenderOptions{BaseURL: c.InngestURL(), Dev: c.InngestDev(), EventKey: c.Inngest.EventKey,
		SigningKey: c.Inngest.SigningKey, Timeout: d.Deadlines.SendEvent, Transport: d.Transport, Now: d.Now})
}
