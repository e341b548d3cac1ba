package httpapi

import (
	"net/http"
	"time"
)

// arrival is the body of an upload on its way in: bounded in size, in time as a
// whole and between two pieces.
type arrival struct {
	remembering
	control *http.ResponseController
	until   time.Time // end of all patience
	armed   time.Time // when the deadline was moved last
}

func newArrival(c *call, r *http.Request) *arrival {
	now := time.Now()
	a := &arrival{
		remembering: remembering{Reader: http.MaxBytesReader(c.ResponseWriter, r.Body, maxUpload)},
		control:     http.NewResponseController(c.ResponseWriter),
		until:       now.Add(uploadTimeout),
	}
	_ = a.control.SetWriteDeadline(a.until.Add(receiptTimeout)) // a test's recorder has no connection
	return a
}

// Read waits for the next piece as long as is fair.
func (a *arrival) Read(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	if now := time.Now(); now.Sub(a.armed) > time.Second {
		a.armed = now
		deadline := now.Add(idleTimeout)
		if deadline.After(a.until) {
			deadline = a.until
		}
		_ = a.control.SetReadDeadline(deadline)
	}
	return a.remembering.Read(p)
}

// end leaves time for the work on what arrived. The read deadline goes: net/http
// would take its passing for a client that left. After a body that was not read
// to its end one stays: net/http reads on for a while once the reply is out.
func (a *arrival) end() {
	var deadline time.Time
	if a.err != nil {
		deadline = time.Now().Add(lingerTimeout)
	}
	_ = a.control.SetReadDeadline(deadline)
	_ = a.control.SetWriteDeadline(time.Now().Add(receiptTimeout))
}
