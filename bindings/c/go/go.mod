module example.org/tidewire-example

go 1.18
