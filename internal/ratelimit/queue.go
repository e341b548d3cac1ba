package ratelimit

// queue holds entries in the order in which they counted their newest call. Its
// ends meet in ends, which is no entry.
type queue struct{ ends entry }

func (q *queue) init() { q.ends.prev, q.ends.next = &q.ends, &q.ends }

// oldest gives the entry that has been silent longest, nil when there is none.
func (q *queue) oldest() *entry {
	if q.ends.next == &q.ends {
		return nil
	}
	return q.ends.next
}

// push adds an entry that is in no queue.
func (q *queue) push(e *entry) {
	e.prev, e.next = q.ends.prev, &q.ends
	e.prev.next, e.next.prev = e, e
}

// leave takes an entry out of its queue, if it is in one.
func (e *entry) leave() {
	if e.prev != nil {
		e.prev.next, e.next.prev = e.next, e.prev
		e.prev, e.next = nil, nil
	}
}
