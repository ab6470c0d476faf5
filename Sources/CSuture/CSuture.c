#include "suture/suture.h"
