mod accounts;
mod certificates;
mod funds;
mod payments;
mod shapes;
mod support;
mod tpp;
