// Where `ilse` starts.
int main() { return 0; }
