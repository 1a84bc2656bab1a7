package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// print prints the table, and fails if anything was lost.
func (m *measurements) print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tusers x clients\tactions/s\treached\tp50\tp95\tp99\tmax\tCPU/action\tconnects/s\tKB/client\tlost\t")
	lost, late := 0, false
	for _, r := range m.results {
		base := m.echo(r)
		row := []string{r.kind, r.shape, fmt.Sprint(r.rate), fmt.Sprintf("%.0f", r.achieved)}
		for i, d := range r.latency {
			row = append(row, milliseconds(d)+ratio(float64(d), base != nil, func() float64 { return float64(base.latency[i]) }))
		}
		row = append(row,
			fmt.Sprintf("%d µs", r.cpu.Microseconds())+ratio(float64(r.cpu), base != nil, func() float64 { return float64(base.cpu) }),
			fmt.Sprintf("%.0f", r.connects)+ratio(r.connects, base != nil, func() float64 { return base.connects }),
			fmt.Sprintf("%.1f", float64(r.memory)/1024)+ratio(float64(r.memory), base != nil, func() float64 { return float64(base.memory) }),
			fmt.Sprint(r.lost))
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
		lost += r.lost
		late = late || r.kind == kindTeam && r.latency[len(r.latency)-1] > teamGoal
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nLatency is from sending to the arrival at the last of all of the user's clients (echo: back at the sender).")
	fmt.Fprintln(out, "(x) is the ratio to the echo server. CPU is that of all server processes. redis is two instances over one Redis.")
	fmt.Fprintf(out, "team: latency is from a start or stop to the arrival at the last viewer, who gets it within %v; KB/client is without what all viewers share.\n", teamGoal)
	switch {
	case lost > 0:
		return fmt.Errorf("%d actions did not reach every client", lost)
	case late:
		return fmt.Errorf("a viewer of the team had a change after more than %v", teamGoal)
	}
	return nil
}

// echo finds the echo server's figures of the same shape and rate.
func (m *measurements) echo(r result) *result {
	for i := range m.results {
		if e := &m.results[i]; e.kind == kindEcho && r.kind != kindEcho && e.shape == r.shape && e.rate == r.rate {
			return e
		}
	}
	return nil
}

func ratio(value float64, known bool, base func() float64) string {
	if !known || base() == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1fx)", value/base())
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}
