package otlpjson

import (
	"fmt"
	"strconv"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

type wireMetrics struct {
	ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
}

type resourceMetrics struct {
	Resource     wireResource   `json:"resource"`
	ScopeMetrics []scopeMetrics `json:"scopeMetrics"`
}

type scopeMetrics struct {
	Scope   wireScope    `json:"scope"`
	Metrics []wireMetric `json:"metrics"`
}

// wireMetric has one of its last three fields.
type wireMetric struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Unit        string `json:"unit,omitempty"`

	Sum       *points `json:"sum,omitempty"`
	Gauge     *points `json:"gauge,omitempty"`
	Histogram *points `json:"histogram,omitempty"`
}

type points struct {
	DataPoints  []point `json:"dataPoints"`
	Temporality int     `json:"aggregationTemporality,omitempty"`
	Monotonic   bool    `json:"isMonotonic,omitempty"`
}

type point struct {
	Attributes []keyValue `json:"attributes"`
	Start      string     `json:"startTimeUnixNano"`
	Time       string     `json:"timeUnixNano"`

	AsInt string `json:"asInt,omitempty"`

	Count   string    `json:"count,omitempty"`
	Sum     *float64  `json:"sum,omitempty"`
	Buckets []string  `json:"bucketCounts,omitempty"`
	Bounds  []float64 `json:"explicitBounds,omitempty"`
}

// The numbers of OTLP's AggregationTemporality.
var temporality = map[metricdata.Temporality]int{metricdata.DeltaTemporality: 1, metricdata.CumulativeTemporality: 2}

func metricsOf(m *metricdata.ResourceMetrics) (wireMetrics, error) {
	own := resourceMetrics{Resource: resourceOf(m.Resource)}
	for _, scope := range m.ScopeMetrics {
		group := scopeMetrics{Scope: scopeOf(scope.Scope)}
		for _, one := range scope.Metrics {
			encoded, err := metricOf(one)
			if err != nil {
				return wireMetrics{}, err
			}
			group.Metrics = append(group.Metrics, encoded)
		}
		own.ScopeMetrics = append(own.ScopeMetrics, group)
	}
	return wireMetrics{[]resourceMetrics{own}}, nil
}

// metricOf encodes the kinds that package telemetry has.
func metricOf(m metricdata.Metrics) (wireMetric, error) {
	encoded := wireMetric{Name: m.Name, Description: m.Description, Unit: m.Unit}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		encoded.Sum = &points{integers(data.DataPoints), temporality[data.Temporality], data.IsMonotonic}
	case metricdata.Gauge[int64]:
		encoded.Gauge = &points{DataPoints: integers(data.DataPoints)}
	case metricdata.Histogram[float64]:
		encoded.Histogram = &points{DataPoints: histograms(data.DataPoints), Temporality: temporality[data.Temporality]}
	default:
		return encoded, fmt.Errorf("metric %s: %T cannot be encoded", m.Name, m.Data)
	}
	return encoded, nil
}

func integers(data []metricdata.DataPoint[int64]) []point {
	all := make([]point, len(data))
	for i, p := range data {
		all[i] = point{Attributes: attributesOf(p.Attributes.ToSlice()), Start: nano(p.StartTime), Time: nano(p.Time), AsInt: strconv.FormatInt(p.Value, 10)}
	}
	return all
}

func histograms(data []metricdata.HistogramDataPoint[float64]) []point {
	all := make([]point, len(data))
	for i, p := range data {
		all[i] = point{Attributes: attributesOf(p.Attributes.ToSlice()), Start: nano(p.StartTime), Time: nano(p.Time),
			Count: strconv.FormatUint(p.Count, 10), Sum: &p.Sum, Buckets: make([]string, len(p.BucketCounts)), Bounds: p.Bounds}
		for j, n := range p.BucketCounts {
			all[i].Buckets[j] = strconv.FormatUint(n, 10)
		}
	}
	return all
}
