module client.devpie.io/troupe/messages

go 1.19
